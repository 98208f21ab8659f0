"""The networks of a trained run without its data, and runs over any samples with their weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from splitwave.basestation.learning.trainer import Trainer
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.checkpoint import load_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.common.tasks.task import SeveralNumbers, Targets
from splitwave.device.learning.model import DeviceModel
from splitwave.device.learning.views import Views
from splitwave.experiments.inprocess_run import InprocessRun


class Networks:
    """The networks of all parties of a trained run.

    Attributes:
        devices: by link, encoder and codebook.
        trainer: applies the decoder.
    """

    def __init__(self, config: RunConfig) -> None:
        """Make networks with fresh weights."""
        self.devices = [DeviceModel(config, link) for link in range(config.links)]
        self.trainer = Trainer(config, plan_of(config, 1), torch.from_numpy(no_targets(config, 1)))

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> "Networks":
        """Read the networks of a checkpoint.

        Raises:
            CheckpointError: a part is missing or damaged.
        """
        networks = cls(manifest.config)
        load_part(folder / BASESTATION_PART, networks.trainer.decoder, manifest.basestation_sha256)
        for link, sha256 in enumerate(manifest.device_sha256):
            load_part(folder / device_part(link), networks.devices[link], sha256)
        return networks

    def run_over(self, config: RunConfig, views: Sequence[Views], targets: Targets) -> InprocessRun:
        """Make a run with these weights whose test split has these views and targets."""
        return self.put_into(InprocessRun(without_holdout(config), views, targets[:1], targets))

    def put_into(self, run: InprocessRun) -> InprocessRun:
        """Replace the weights of a run by these, and return it."""
        run.trainer.decoder.load_state_dict(self.trainer.decoder.state_dict())
        for worker, device in zip(run.workers, self.devices, strict=True):
            worker.model.load_state_dict(device.state_dict())
        return run


def plan_of(config: RunConfig, samples: int) -> RunPlan:
    """Return the plan of a run over a test split of this size."""
    return RunPlan(without_holdout(config), 1, samples)


def no_targets(config: RunConfig, samples: int) -> Targets:
    """Return (N,) or (N, D) targets for samples whose answers are not known."""
    if isinstance(config.task, SeveralNumbers):
        return np.zeros((samples, config.task.answer_size), dtype=np.float32)
    if config.task.answer_dtype is np.float32:
        return np.zeros(samples, dtype=np.float32)
    return np.zeros(samples, dtype=np.int64)


def without_holdout(config: RunConfig) -> RunConfig:
    """Return the settings without samples for validation, which other samples than the trained ones lack."""
    return config.model_copy(update={"data": config.data.model_copy(update={"validation": 0})})
