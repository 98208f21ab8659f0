"""Writes the files of a model folder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.whole_file import write_json
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.link_contract import link_contract, received_dimension
from splitwave.common.records.checkpoint import save_part
from splitwave.common.records.link_format import BlockLimits, ConditionsFormat, Grid
from splitwave.common.records.model_folder import (
    MODEL_FILE,
    STATION_FOLDER,
    ModelManifest,
    device_folder,
    part_paths,
    version,
)
from splitwave.common.records.model_part import (
    DECODER_FILE,
    ENCODER_FILE,
    INT8_FILE,
    WEIGHTS_FILE,
    DevicePart,
    PartFacts,
    StationPart,
)
from splitwave.device.learning.model import DeviceModel
from splitwave.device.quantization.codebook import Codebook
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.export.int8 import quantized_graph
from splitwave.experiments.export.networks import decoder_graph, encoder_graph
from splitwave.experiments.export.settings import input_of, task_of
from splitwave.experiments.export.signing import Signer


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Writes one run's networks.

    Attributes:
        folder: that exists, and is empty.
        config: the settings that they are exported for.
        conditions: likewise.
        networks: with the run's weights.
    """

    folder: Path
    config: RunConfig
    conditions: ConditionsFormat
    networks: Networks

    def write(self, signer: Signer, calibration: Mapping[int, Float32] | None) -> None:
        """Write all parts, and the manifests with their signatures.

        Args:
            signer: of the manifests.
            calibration: by link, (N, features) samples that the ranges of int8 graphs are found by; None for no such
                graphs.

        Raises:
            ConfigError: a network cannot be exported.
            DiskFullError: the disk is full.
        """
        links = range(self.config.links)
        devices = [self._device(link, None if calibration is None else calibration[link]) for link in links]
        parts: list[DevicePart | StationPart] = [*devices, self._station()]
        name = version(parts)
        digests = {}
        for path, part in zip(part_paths(self.config.links), parts, strict=True):
            named = replace(part, facts=replace(part.facts, version=name))
            digests[path] = _written(self.folder / path, named.tree(), signer)
        manifest = ModelManifest(name, self.config.links, self.config.canonical_json(), digests)
        _written(self.folder / MODEL_FILE, manifest.tree(), signer)

    def _device(self, link: int, calibration: Float32 | None) -> DevicePart:
        folder, model, config = self.folder / device_folder(link), self.networks.devices[link], self.config
        folder.mkdir()
        inputs, d = input_of(config, link), config.encoder.dimension
        row = self.conditions.row(link, self.conditions.betas[link])
        graph = encoder_graph(model.encoder, inputs.features, d, row, as_input=self.conditions.as_input)
        files = {ENCODER_FILE: _saved(folder / ENCODER_FILE, graph)}
        if calibration is not None:
            small = quantized_graph(graph, calibration, row if self.conditions.as_input else None)
            files[INT8_FILE] = _saved(folder / INT8_FILE, small)
        contract = link_contract(config, link)
        return DevicePart(
            link=link,
            facts=self._facts(folder, model, files),
            grid=grid_of(model),
            input=inputs,
            blocks=BlockLimits(contract.draws, contract.max_samples, contract.hard_training, contract.wire_dtype),
        )

    def _station(self) -> StationPart:
        folder, decoder, config = self.folder / STATION_FOLDER, self.networks.trainer.decoder, self.config
        folder.mkdir()
        features, outputs = config.links * received_dimension(config), config.task.outputs
        graph = decoder_graph(decoder, features, outputs, self.conditions.rows(), as_input=self.conditions.as_input)
        return StationPart(self._facts(folder, decoder, {DECODER_FILE: _saved(folder / DECODER_FILE, graph)}))

    def _facts(self, folder: Path, network: nn.Module, files: Mapping[str, str]) -> PartFacts:
        """The values that every part has; the version is not known yet."""
        weights = save_part(folder / WEIGHTS_FILE, network)
        sha256 = hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()
        return PartFacts(
            version="",
            links=self.config.links,
            dimension=self.config.encoder.dimension,
            task=task_of(self.config),
            conditions=self.conditions,
            settings_json=self.config.canonical_json(),
            weights_sha256=weights,
            files={**files, WEIGHTS_FILE: sha256},
        )


@torch.no_grad()
def grid_of(model: DeviceModel) -> Grid:
    """The quantizer of a device, as numbers."""
    codebook: Codebook | None = model.codebook
    if codebook is None:
        return Grid((), ())
    return Grid(tuple(codebook.breakpoints().tolist()), tuple(codebook.levels().tolist()))


def _saved(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _written(path: Path, tree: Mapping[str, object], signer: Signer) -> str:
    write_json(path, tree)
    signer.sign(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()
