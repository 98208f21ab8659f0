"""Runs of a few training steps, as checkpoints to export."""

from pathlib import Path

from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.common.config.run_config import RunConfig
from splitwave.experiments.export.export import ExportRequest, export_run
from splitwave.experiments.export.report import Report
from splitwave.experiments.inprocess_checkpoints import save_checkpoint
from splitwave.experiments.inprocess_run import InprocessRun, open_run

STEPS = 5
SAMPLES = 40
TINY = {"links": 2, "encoder": {"dimension": 6}, "quantizer": {"breakpoints": 15}}
HYPER = {
    "links": 2,
    "encoder": {"dimension": 6, "backbone": "vib"},
    "hypernetwork": {"beta": [1e-4, 1e-2], "psnr": True},
    "channel": {"training_psnr_db": [0.0, 20.0]},
}


def trained(settings: dict[str, object], folder: Path) -> InprocessRun:
    """Train a few steps, and leave the checkpoint in a folder."""
    run = open_run(RunConfig.model_validate(settings), None)
    for step in range(STEPS):
        run.train_step(step, EpochMeter())
    folder.mkdir(parents=True)
    save_checkpoint(run, folder)
    return run


def exported(checkpoint: Path, target: Path, **options: object) -> Report:
    """Export a checkpoint, compared on a few samples."""
    return export_run(ExportRequest(checkpoint, target, SAMPLES, **options))  # type: ignore[arg-type]
