"""A model that a station serves: its decoder, and the files of its devices' parts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from splitwave.basestation.fusion.fusion_buffer import FusedBlock, FusionBuffer
from splitwave.basestation.fusion.fusion_policy import FusionPolicies
from splitwave.basestation.fusion.link_erasures import LinkErasures
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.serving.live_plan import LivePlan
from splitwave.basestation.serving.live_query import FusedQuery
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, ProtocolError, Refusal
from splitwave.common.named_object import check_consent
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.cross_link import check_links_apart
from splitwave.common.protocol.link_contract import link_contract, received_dimension
from splitwave.common.protocol.live_channel import LiveChannel
from splitwave.common.protocol.live_messages import ModelChunk
from splitwave.common.records.checkpoint import load_part
from splitwave.common.records.manifest_fields import read_small_file
from splitwave.common.records.model_folder import MODEL_FILE, STATION_FOLDER, ModelFolder, device_folder
from splitwave.common.records.model_part import PART_FILE, VERSION_DIGITS, WEIGHTS_FILE, DevicePart, check_file
from splitwave.common.records.model_signature import SIGNATURE_FILE
from splitwave.common.tasks.task import Answers

_ALL = FusionPolicies.of(AllLinks())

CHUNK_BYTES = 256 * 1024
"""Bytes of a file in one message: an answer waits for no more than one of them."""


class LiveModel:
    """One model, with the number that it has at this station.

    Attributes:
        number: from 1 in the order of deployment.
        version: of the model.
        content: the version and the beginning of the folder's digest, since folders of one version may have other
            encoders of its model.
        config: its settings.
        folded: whether β is folded into the graphs of its devices, so that they encode under no other.
        trainer: its decoder.
    """

    def __init__(
        self, number: int, config: RunConfig, folder: ModelFolder, device_files: Sequence[Mapping[str, bytes]]
    ) -> None:
        """A model whose decoder has no weights yet.

        Args:
            number: see the class.
            config: likewise.
            folder: of the model.
            device_files: by link, the files of its part.
        """
        self.number = number
        self.version = folder.manifest.version
        self.content = f"{self.version}-{folder.digest[:VERSION_DIGITS]}"
        self.config = config
        psnr_db = config.channel.psnr_db
        self._psnr_db = tuple(psnr_db) if isinstance(psnr_db, list) else (psnr_db,) * config.links
        self.trainer = Trainer(config, LivePlan(config), torch.zeros(1))
        self.folded = not all(part.facts.conditions.as_input for part in folder.devices)
        self._devices = folder.devices
        self._device_files = device_files
        self._betas = [config.beta(link) for link in range(config.links)]
        self._erasures = LinkErasures.of(config)

    @classmethod
    def open(cls, number: int, folder: ModelFolder, python_path: Path | None = None) -> "LiveModel":
        """Load a model whose folder was read.

        Args:
            number: of the model.
            folder: of the model.
            python_path: folder that code of a user's own is imported from, which is consent to run it.

        Raises:
            CheckpointError: the settings are not understood here, or the weights are not those of their network.
            ConfigError: the network cannot be made on this machine, code of a user's own is named without consent, or
                links meet in the channel.
        """
        try:
            config = RunConfig.from_handshake(folder.manifest.settings_json)
        except ProtocolError as error:
            raise CheckpointError(f"{folder.path / MODEL_FILE}: {error}") from None
        if config.links != folder.manifest.links:
            raise CheckpointError(f"{folder.path / MODEL_FILE}: links = {folder.manifest.links}: its settings differ")
        check_consent(config.own_networks | config.channel.named_models, python_path)
        check_links_apart(config, "a live query")
        files = [_files(folder.path / device_folder(link), part) for link, part in enumerate(folder.devices)]
        model = cls(number, config, folder, files)
        weights = folder.path / STATION_FOLDER / WEIGHTS_FILE
        load_part(weights, model.trainer.decoder, folder.station.facts.weights_sha256)
        return model

    def check_can_follow(self, other: "LiveModel") -> None:
        """Refuse this model as the successor of another, whose devices and channels go on.

        Raises:
            ProtocolError: its links carry something else.
        """
        now, then = self.terms(), other.terms()
        for name, value in now.items():
            if value != then[name]:
                raise ProtocolError(
                    f"model {self.version} has {name} = {value}, and the one in use {then[name]}: a station changes "
                    "between models of the same links; start another station for this one",
                    Refusal.FAILED_PRECONDITION,
                )

    def terms(self) -> dict[str, object]:
        """The terms that models which follow each other share, by their names."""
        inputs = {
            f"input.{name} of link {part.link}": value
            for part in self._devices
            for name, value in part.input.tree().items()
        }
        return _terms(self.config) | inputs

    def chunks(self, link: int) -> Iterator[ModelChunk]:
        """The files of a device's part, in pieces; the pieces of a file follow each other."""
        pieces = [
            (name, content, start)
            for name, content in self._device_files[link].items()
            for start in range(0, max(1, len(content)), CHUNK_BYTES)
        ]
        for count, (name, content, start) in enumerate(pieces, start=1):
            data, last = content[start : start + CHUNK_BYTES], count == len(pieces)
            yield ModelChunk(self.number, self.version, name, len(content), data, last)

    def fuse(self, query: FusedQuery) -> FusedBlock:
        """The block that is decoded: zeros for links that are not in, as in a serving pass."""
        key, links, dimension = query.name.key, self.config.links, received_dimension(self.config)
        buffer = FusionBuffer(links, dimension, 1, _ALL, self._betas, erasures=self._erasures)
        block = None
        for part in query.parts:
            block = buffer.add(key, part.link, part.symbols, part.beta, part.channel)
        return block or buffer.release(key)[0]

    def psnr_db_of(self, channels: tuple[LiveChannel, ...]) -> tuple[float, ...]:
        """By link the PSNR under these states: that of the settings where they have none."""
        if not channels:
            return self._psnr_db
        live = [channel.values.psnr_db for channel in channels]
        return tuple(mine if given is None else given for mine, given in zip(self._psnr_db, live, strict=True))

    def decode(self, block: FusedBlock) -> tuple[Answers, Float32 | None]:
        """(1,) or (1, D) answers, and (classes,) probabilities for a task that answers classes.

        Raises:
            RunFailedError: the outputs of the decoder are not finite.
        """
        outputs = self.trainer.outputs(block)
        is_of_classes = np.issubdtype(self.config.task.answer_dtype, np.integer)
        probabilities = torch.softmax(outputs[0], dim=0).numpy() if is_of_classes else None
        return self.trainer.objective.answers(outputs), probabilities


def _files(folder: Path, part: DevicePart) -> Mapping[str, bytes]:
    """The content of a part's files, its manifest first; kept, so that nobody can change it while it is served.

    Raises:
        CheckpointError: one is missing, or has changed since the folder was read.
    """
    files = {PART_FILE: read_small_file(folder / PART_FILE)}
    if (folder / SIGNATURE_FILE).is_file():
        files[SIGNATURE_FILE] = read_small_file(folder / SIGNATURE_FILE)
    return files | {name: check_file(folder / name, sha256) for name, sha256 in part.facts.files.items()}


def _terms(config: RunConfig) -> dict[str, object]:
    """All that crosses the links, the emulated channel, and the fusion policy, which a station has since its start."""
    contract = link_contract(config, 0)
    return {
        "links": config.links,
        "encoder.dimension": contract.dimension,
        "quantizer.breakpoints": contract.breakpoints,
        "bits a symbol": contract.bits,
        "runtime.wire_dtype": contract.wire_dtype,
        "task": contract.task,
        "hypernetwork.beta": config.hypernetwork.beta,
        "channel": config.channel,
        "fusion": config.fusion,
    }
