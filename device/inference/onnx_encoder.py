"""The encoder of a board: NumPy and ONNX Runtime, without torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from splitwave.common.errors import CheckpointError, ConfigError, ProtocolError, Refusal
from splitwave.common.protocol.arrays import Float32
from splitwave.common.records.model_folder import read_device_part
from splitwave.common.records.model_part import ENCODER_FILE, INT8_FILE, DevicePart, check_file
from splitwave.device.inference.part_encoder import PartEncoder

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_ERRORS_ONLY = 3


class OnnxEncoder(PartEncoder):
    """Encodes with the ONNX graph of a device's part; see `LiveEncoder`."""

    def __init__(self, part: DevicePart, session: "InferenceSession", file: Path) -> None:
        """Args: the part, its graph, and the graph's file for messages.

        Raises:
            CheckpointError: the graph does not fit the part.
        """
        super().__init__(part)
        self._session = session
        self._file = file
        self._inputs: dict[str, Float32] = {}
        if part.facts.conditions.as_input:
            self._use_beta(self._beta)
        _check_shapes(self, part, file)

    @classmethod
    def open(cls, folder: Path, *, int8: bool = False, threads: int = 1, trusted: Path | None = None) -> Self:
        """Open the folder of a device's part.

        Args:
            folder: such as `device-0` of a model folder.
            int8: whether to use the graph with 8-bit weights, which makes more errors.
            threads: that compute one sample.
            trusted: file with the public key that must have signed the part; None to check digests alone.

        Raises:
            CheckpointError: a file is missing or damaged, or signed by another key.
            ConfigError: the package `onnxruntime` is missing, or `trusted` holds no key.
        """
        part = read_device_part(folder, trusted)
        name = INT8_FILE if int8 else ENCODER_FILE
        if name not in part.facts.files:
            raise CheckpointError(f"{folder}: it has no {name}: export the run with --int8")
        # The bytes that are checked are those that are used, whatever happens to the file.
        graph = check_file(folder / name, part.facts.files[name])
        return cls(part, open_session(graph, folder / name, threads), folder / name)

    def mean(self, x: Float32) -> Float32:
        """See `PartEncoder.mean`."""
        (mean,) = self._session.run(None, {"x": x[None], **self._inputs})
        found: Float32 = mean[0]
        return found

    def _use_beta(self, beta: float) -> None:
        conditions = self.part.facts.conditions
        if not conditions.as_input:
            raise ProtocolError(
                f"β = {beta}: {self._file} has β = {self._beta} folded in; export the run with --conditions-as-input",
                Refusal.FAILED_PRECONDITION,
            )
        self._inputs = {"conditions": conditions.row(self.part.link, beta)}


def open_session(graph: bytes, file: Path, threads: int = 1) -> "InferenceSession":
    """A graph, ready to run on the CPU.

    Args:
        graph: an ONNX model.
        file: that it was read from, for messages.
        threads: that compute one operation.

    Raises:
        CheckpointError: it is no graph that ONNX Runtime can run.
        ConfigError: the package `onnxruntime` is missing.
    """
    try:
        import onnxruntime  # noqa: PLC0415 — parties that encode with torch do without it
    except ImportError:
        raise ConfigError(
            f"{file}: to run it, install the package onnxruntime: pip install 'splitwave[device]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class of their own
        raise CheckpointError(f"{file}: ONNX Runtime cannot load it: {' '.join(str(error).split())}") from None


def _check_shapes(encoder: OnnxEncoder, part: DevicePart, file: Path) -> None:
    try:
        mean = encoder.mean(np.zeros(part.input.features, np.float32))
    except Exception as error:  # likewise
        raise CheckpointError(f"{file}: it does not fit its part: {' '.join(str(error).split())}") from None
    if mean.shape != (part.facts.dimension,) or mean.dtype != np.float32:
        raise CheckpointError(
            f"{file}: its output is {mean.shape}, {mean.dtype}: expected float32 of shape ({part.facts.dimension},)"
        )
