"""Opens the link of a live device, with what the user gave."""

import importlib.util
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from splitwave import __version__
from splitwave.common.errors import ConfigError, SplitwaveError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.records.model_folder import MODEL_FILE, device_folder
from splitwave.common.records.model_signature import check_trusted_key
from splitwave.common.records.part_format import InputFormat
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.device.application.live_link import LiveLink
from splitwave.device.inference.part_encoder import PartEncoder
from splitwave.device.live.reply import Reply
from splitwave.device.live.station_connection import StationConnection

log = get_logger()

EncoderKind = Literal["auto", "onnx", "onnx-int8", "torch"]
"""The package that computes the network of a model; `auto` takes ONNX Runtime where it is installed, else torch.

`onnx-int8` takes the graph with 8-bit weights, if the model was exported with one.
"""


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """All that a link is opened with.

    Attributes:
        connect: HOST:PORT of a channel emulator or base station.
        model: the folder `device-K` of a model folder, or with a `link` that folder itself; None for the model of the
            base station.
        link: the link to ask for; None for that of the model, or any.
        tls_dir: the device's certificates; None for plaintext.
        connect_timeout_s: seconds to keep trying, at the start and when the stream is lost.
        encoder: what computes the network.
        trusted: file with the public key that must have signed every model; None takes all.
        torch_threads: threads that torch may use in this process from now on; None leaves that to the application.
        begun: gets the connection before it is dialled; closing it from another thread ends the opening.
    """

    connect: str
    model: Path | None = None
    link: int | None = None
    tls_dir: Path | None = None
    connect_timeout_s: float = 60.0
    encoder: EncoderKind = "auto"
    trusted: Path | None = None
    torch_threads: int | None = None
    begun: Callable[[StationConnection], None] | None = None


def open_link(options: LinkOptions) -> LiveLink:
    """Connect, agree on the model, and return the link once queries can be submitted.

    Raises:
        SplitwaveError: it cannot be opened; the class says why.
    """
    address = parse_address(options.connect, "--connect")
    if options.link is not None and not 0 <= options.link < MAX_LINKS:
        raise ConfigError(f"link = {options.link}: links are numbered from 0 to at most {MAX_LINKS - 1}")

    if options.trusted is not None:
        check_trusted_key(options.trusted)
    kind = _resolved(options.encoder)

    def open_encoder(folder: Path) -> PartEncoder:
        encoder = _open_encoder(folder, kind, options)
        log.info("model opened", link=encoder.part.link, version=encoder.version, encoder=kind)
        return encoder

    connection = StationConnection(
        address,
        open_encoder,
        encoder=None if options.model is None else open_encoder(_part_folder(options.model, options.link)),
        link=options.link,
        connect_timeout_s=options.connect_timeout_s,
        tls=None if options.tls_dir is None else TlsFolder(options.tls_dir, log.warning),
        software=f"{__version__}, encoder {kind}",
    )
    if options.begun is not None:
        options.begun(connection)
    return ConnectedLink(connection.connect())


class ConnectedLink:
    """A connection as applications see it; samples are described by the model in use."""

    def __init__(self, connection: StationConnection) -> None:
        """Args: a connection that is ready."""
        self._connection = connection

    @property
    def features(self) -> int:
        """The number of inputs of the encoder."""
        return self._connection.encoder.features

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, h, w) of a sample."""
        return self._input.shape

    @property
    def contract(self) -> LinkContract:
        """The shape of everything that crosses the link."""
        return self._connection.encoder.contract

    @property
    def link(self) -> int:
        """Its number."""
        return self.contract.link

    @property
    def model_version(self) -> str:
        """The version of the model that encodes now."""
        return self._connection.encoder.version

    def features_of(self, sample: NDArray[np.uint8] | Float32) -> Float32:
        """(features,) float32 inputs for a sample of the input shape."""
        return self._input.features_of(sample)

    def submit(self, name: QueryName, x: Float32) -> "Future[Reply]":
        """Send the part of a query; see `LiveLink.submit`."""
        return self._connection.submit(name, x)

    def on_failure(self, callback: Callable[[SplitwaveError], None]) -> Callable[[], None]:
        """Have a function called with the error that ends the connection; see `LiveLink.on_failure`."""
        return self._connection.on_failure(callback)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    @property
    def _input(self) -> InputFormat:
        encoder = self._connection.encoder
        assert isinstance(encoder, PartEncoder)  # `_open_encoder` opens no others
        return encoder.part.input


def _part_folder(model: Path, link: int | None) -> Path:
    """The folder of a device's part.

    Raises:
        ConfigError: the folder has the parts of all devices, and no link says which one.
    """
    if not (model / MODEL_FILE).is_file():
        return model
    if link is None:
        raise ConfigError(
            f"--model {model}: it has the parts of all devices: name one, such as {model / device_folder(0)}, or a link"
        )
    return model / device_folder(link)


def _resolved(kind: EncoderKind) -> EncoderKind:
    """The package that `auto` stands for on this machine."""
    if kind != "auto":
        return kind
    return "onnx" if importlib.util.find_spec("onnxruntime") is not None else "torch"


def _open_encoder(folder: Path, kind: EncoderKind, options: LinkOptions) -> PartEncoder:
    """Open the folder of a device's part with an encoder of this kind, which is not `auto`.

    Raises:
        SplitwaveError: it cannot be used; the class says why.
    """
    if kind != "torch":
        from splitwave.device.inference.onnx_encoder import OnnxEncoder  # noqa: PLC0415 — one of two is installed

        return OnnxEncoder.open(folder, int8=kind == "onnx-int8", trusted=options.trusted)
    if importlib.util.find_spec("torch") is None:
        package = "torch" if options.encoder == "torch" else "onnxruntime"
        raise ConfigError(f"{folder}: a model is computed by {package}, which is not installed: pip install {package}")
    import torch  # noqa: PLC0415 — likewise

    from splitwave.device.inference.torch_encoder import TorchEncoder  # noqa: PLC0415 — likewise

    if options.torch_threads is not None:
        torch.set_num_threads(options.torch_threads)
    return TorchEncoder.open(folder, trusted=options.trusted)
