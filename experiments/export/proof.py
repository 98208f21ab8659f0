"""Proves a model folder: its files against the run's networks, sample by sample, and the cost of 8 bits.

Shapes: K links, N samples, d symbols a sample and link.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.records.model_folder import STATION_FOLDER, ModelFolder, device_folder
from splitwave.common.records.model_part import DECODER_FILE, ENCODER_FILE, INT8_FILE, check_file
from splitwave.common.tasks.task import Targets
from splitwave.device.inference.onnx_encoder import OnnxEncoder, open_session
from splitwave.device.inference.part_encoder import PartEncoder, array_level_indices
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.api.stages import Symbols, decoder_outputs, transmitted
from splitwave.experiments.evaluation.in_process import torch_threads
from splitwave.experiments.export.equality import Comparison, compare_answers, compare_levels
from splitwave.experiments.export.networks import CONDITIONS, INPUT

Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome.

    Attributes:
        samples: N.
        comparisons: of each encoder, and of the decoder.
        errors: by kind of encoder (`torch`, `onnx`, `int8`), the mean error of the answers to the samples.
    """

    samples: int
    comparisons: tuple[Comparison, ...]
    errors: dict[str, float]


class Prover:
    """Runs the samples through all networks."""

    def __init__(self, model: ModelFolder, networks: Networks, config: RunConfig, python_path: Path | None) -> None:
        """Args: the folder, what the run itself has, and where networks of a user's own are imported from."""
        self._model = model
        self._networks = networks
        self._config = config
        self._python_path = python_path

    def prove(self, views: Sequence[Float32], targets: Targets, show: Show) -> Proof:
        """Compare everything on N samples.

        Args:
            views: by link, (N, features).
            targets: of the samples.
            show: is called with a line before each step that takes long.
        """
        comparisons, means = [], {kind: list[Float32]() for kind in self._kinds}
        with torch_threads(self._config.runtime.torch_threads):
            for link, samples in enumerate(views):
                show(f"comparing the encoder of device {link} on {len(samples)} samples")
                for kind, of_links in means.items():
                    of_links.append(_means(self._encoder(kind, link), samples))
                of_torch, of_graph = means["torch"][link], means["onnx"][link]
                breakpoints = np.array(self._model.devices[link].grid.breakpoints, np.float32)
                comparisons.append(compare_levels(f"encoder of device {link}", of_torch, of_graph, breakpoints))
        show("comparing the answers")
        received = {
            kind: transmitted(self._networks, self._config, self._symbols(each)) for kind, each in means.items()
        }
        expected = decoder_outputs(self._networks, self._config, received["torch"])
        task, found = self._config.task, self._outputs(received["torch"])
        comparisons.append(compare_answers("decoder", task, expected, found))
        outputs = {"torch": expected} | {kind: self._outputs(received[kind]) for kind in self._kinds[1:]}
        errors = {kind: task.errors(task.answers(each), targets) / len(targets) for kind, each in outputs.items()}
        return Proof(len(targets), tuple(comparisons), errors)

    @property
    def _kinds(self) -> tuple[str, ...]:
        has_int8 = INT8_FILE in self._model.devices[0].facts.files
        return ("torch", "onnx", *(["int8"] if has_int8 else []))

    def _encoder(self, kind: str, link: int) -> PartEncoder:
        folder = self._model.path / device_folder(link)
        if kind == "torch":
            return TorchEncoder.open(folder, python_path=self._python_path)
        return OnnxEncoder.open(folder, int8=kind == "int8", threads=self._config.runtime.torch_threads)

    def _symbols(self, means: Sequence[Float32]) -> Symbols:
        """(K, N, d) of the means of all links, as they are sent."""
        grids = [self._model.devices[link].grid for link in range(len(means))]
        if not all(grid.levels for grid in grids):
            return Symbols(np.stack(means), None)
        links = list(zip(means, grids, strict=True))
        indices = [array_level_indices(each, np.array(grid.breakpoints, np.float32)) for each, grid in links]
        values = [np.array(grid.levels, np.float32)[of] for of, grid in zip(indices, grids, strict=True)]
        return Symbols(np.stack(values), np.stack(indices))

    def _outputs(self, received: Float32) -> Float32:
        """(N, outputs) of the decoder's graph, one sample at a time, as a station answers queries."""
        facts = self._model.station.facts
        path = self._model.path / STATION_FOLDER / DECODER_FILE
        session = open_session(check_file(path, facts.files[DECODER_FILE]), path, self._config.runtime.torch_threads)
        conditions = {CONDITIONS: facts.conditions.rows()} if facts.conditions.as_input else {}
        fused = np.ascontiguousarray(received.transpose(1, 0, 2)).reshape(received.shape[1], 1, -1)
        return np.concatenate([session.run(None, {INPUT: each, **conditions})[0] for each in fused])


def _means(encoder: PartEncoder, samples: Float32) -> Float32:
    return np.stack([encoder.mean(sample) for sample in samples])


def sizes(model: ModelFolder) -> dict[str, int]:
    """The bytes of each graph, by its path in the folder."""
    names = [f"{device_folder(device.link)}/{name}" for device in model.devices for name in (ENCODER_FILE, INT8_FILE)]
    paths = {name: model.path / name for name in (*names, f"{STATION_FOLDER}/{DECODER_FILE}")}
    return {name: path.stat().st_size for name, path in paths.items() if path.is_file()}
