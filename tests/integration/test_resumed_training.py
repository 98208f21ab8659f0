"""A training that was interrupted between two steps and goes on ends as one that was not, to the bit."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.records.results import EpochRecord
from splitwave.common.records.training_manifest import TrainingManifest, step_folder, step_folders
from splitwave.experiments.inprocess_checkpoints import TrainingCheckpoints, resume_training
from splitwave.experiments.inprocess_outcomes import Position
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.testbed import tiny_data

STEPS, PER_EPOCH = 20, 5
HYPER: dict[str, Any] = {
    "data": {"validation": 6},
    "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4, "gate_learning_rate": 3.0},
    "training": {"epochs": 5, "batch_size": 16, "micro_batches": 2},
}
ANNEALED: dict[str, Any] = {
    "data": {"validation": 6},
    "quantizer": {"breakpoints": 15, "gamma": 5.0, "gamma_final": 40.0},
    "objective": {"bound": "prior", "beta": 0.01, "draws": 2},
    "training": {"epochs": 5, "batch_size": 16, "micro_batches": 2},
}


def config_of(links: int, forward: str = "soft", **more: object) -> RunConfig:
    """Settings with 20 steps: 4 epochs of 5, the last step of an epoch with fewer samples; or 5 of 4 steps."""
    return RunConfig.model_validate(
        {
            "seed": 5,
            "links": links,
            "encoder": {"dimension": 6},
            "quantizer": {"breakpoints": 15, "forward": forward},
            "objective": {"beta": 0.01},
            "training": {"epochs": 4, "batch_size": 16},
            "inference": {"block_size": 10, "latency_samples": 3},
            **more,
        }
    )


class InterruptionError(Exception):
    """Ends a training between two steps."""


def fresh(config: RunConfig) -> InprocessRun:
    data = tiny_data(config.links)
    return InprocessRun(config, data.views, data.labels.train, data.labels.test)


def digest(run: InprocessRun) -> str:
    return combined_sha256([*run.device_sha256, run.basestation_sha256])


def without_times(records: list[EpochRecord]) -> list[dict[str, object]]:
    times = ("seconds", "samples_per_s")
    return [{name: value for name, value in asdict(each).items() if name not in times} for each in records]


def outcome(run: InprocessRun, records: list[EpochRecord]) -> tuple[object, ...]:
    passes = tuple(run.evaluate(Phase.TEST, 0, symbols) for symbols in (Symbols.HARD, Symbols.SOFT))
    served = run.serve(0).answers_sha256
    return (digest(run), without_times(records), passes, served, run.served.results())


def interrupt_after(config: RunConfig, step: int, root: Path, every: int | None = None) -> None:
    """Train until a checkpoint of this step is on the disk."""
    run = fresh(config)
    with TrainingCheckpoints(run, root, every=every or step, last=2) as checkpoints:

        def keep(position: Position) -> None:
            checkpoints.keep_if_due(position)
            if position.step == step:
                checkpoints.settle()
                raise InterruptionError

        with pytest.raises(InterruptionError):
            list(run.train(lambda _: None, keep))


def resumed(config: RunConfig, root: Path) -> tuple[InprocessRun, list[EpochRecord]]:
    run = fresh(config)
    begin = resume_training(run, root)
    return run, [*begin.epochs, *run.train(lambda _: None, begin=begin)]


@pytest.mark.parametrize(
    "config",
    [
        *(config_of(links, forward) for links in (1, 2) for forward in ("soft", "straight-through")),
        *(pytest.param(config_of(4, forward), marks=pytest.mark.e2e) for forward in ("soft", "straight-through")),
        config_of(2, **HYPER),
        pytest.param(config_of(2, **ANNEALED), marks=pytest.mark.e2e),
        config_of(2, encoder={"dimension": 6, "backbone": "vib"}, quantizer={"breakpoints": 0}),
    ],
    ids=[
        *(f"{links} links, {forward}" for links in (1, 2, 4) for forward in ("soft", "straight-through")),
        "hyper",
        "annealed",
        "real symbols",
    ],
)
def test_a_resumed_training_ends_as_one_without_interruption(config: RunConfig, tmp_path: Path) -> None:
    run = fresh(config)
    expected = outcome(run, list(run.train(lambda _: None)))
    for step in (1, 4, 5, 7, 13):
        interrupt_after(config, step, tmp_path / str(step))
        assert outcome(*resumed(config, tmp_path / str(step))) == expected, f"interrupted after step {step}"


@pytest.mark.parametrize("settings", [HYPER, ANNEALED], ids=["hyper", "annealed"])
def test_a_training_with_held_out_samples_goes_on_after_its_last_step(settings: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(2, **settings)
    run = fresh(config)
    expected = outcome(run, list(run.train(lambda _: None)))
    interrupt_after(config, STEPS, tmp_path)
    assert outcome(*resumed(config, tmp_path)) == expected


def test_the_resumed_training_needs_the_optimiser_state(tmp_path: Path) -> None:
    config = config_of(2)
    interrupt_after(config, 7, tmp_path)
    right, _ = resumed(config, tmp_path)
    weights_alone = fresh(config)
    begin = resume_training(weights_alone, tmp_path)
    for worker in weights_alone.workers:
        part = worker.training_part("")
        zeros = {name: torch.zeros_like(values) for name, values in part.optimiser.items()}
        worker.resume(replace(part, optimiser=zeros), tmp_path)
    list(weights_alone.train(lambda _: None, begin=begin))
    assert digest(weights_alone) != digest(right)


def test_the_last_checkpoints_stay_and_the_others_go(tmp_path: Path) -> None:
    interrupt_after(config_of(2), 9, tmp_path, every=2)
    interrupted_at = TrainingManifest.newest(tmp_path)
    assert interrupted_at is not None
    assert (interrupted_at.step, len(interrupted_at.epochs), list(step_folders(tmp_path))) == (8, 1, [6, 8])
    files = {path.name for path in step_folder(tmp_path, 8).iterdir()}
    assert files == {"device-0.safetensors", "device-1.safetensors", "basestation.safetensors", "training.json"}


def test_a_checkpoint_without_manifest_counts_as_nothing(tmp_path: Path) -> None:
    config = config_of(1)
    interrupt_after(config, 9, tmp_path, every=2)
    TrainingManifest.withdraw(tmp_path, 8)
    assert resume_training(fresh(config), tmp_path).step == 6
    TrainingManifest.withdraw(tmp_path, 6)
    with pytest.raises(CheckpointError, match="no checkpoint of a training there"):
        resume_training(fresh(config), tmp_path)


@pytest.mark.parametrize("name", ["device-0.safetensors", "basestation.safetensors"])
def test_a_damaged_or_missing_part_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    config = config_of(1)
    interrupt_after(config, 4, tmp_path)
    path = step_folder(tmp_path, 4) / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{name}: has the digest \w+…, the checkpoint says"):
        resume_training(fresh(config), tmp_path)
    path.unlink()
    with pytest.raises(CheckpointError, match=f"{name}: no such checkpoint part"):
        resume_training(fresh(config), tmp_path)


def test_other_data_are_refused(tmp_path: Path) -> None:
    config = config_of(1)
    interrupt_after(config, 4, tmp_path)
    run = fresh(config)
    run.data_digest = "other data"
    with pytest.raises(CheckpointError, match="trained with data of digest test data…, this party has other data"):
        resume_training(run, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 6}, "seed = 5 became 6; only training.epochs may change"),
        ({"training": {"epochs": 4, "batch_size": 8}}, "training.batch_size = 16 became 8"),
        ({"channel": {"psnr_db": 3.0}}, "channel.psnr_db = 10.0 became 3.0"),
        ({"training": {"epochs": 6, "batch_size": 16}}, "training.epochs = 4 cannot become 6: the learning rate falls"),
        ({"training": {"epochs": 3, "batch_size": 16}}, "training.epochs = 4 cannot become 3"),
    ],
)
def test_settings_that_decide_the_result_are_refused_with_both_values(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    interrupt_after(config_of(1), 4, tmp_path)
    with pytest.raises(CheckpointError, match=message):
        resume_training(fresh(config_of(1, **changes)), tmp_path)


def test_a_finished_training_with_a_constant_learning_rate_is_extended_to_the_bit(tmp_path: Path) -> None:
    constant = {"batch_size": 16, "learning_rate": 1e-3, "learning_rate_final": 1e-3}
    short, long = (config_of(2, training={"epochs": epochs, **constant}) for epochs in (2, 4))
    run = fresh(short)
    with TrainingCheckpoints(run, tmp_path, every=4, last=2) as checkpoints:
        list(run.train(lambda _: None, checkpoints.keep_if_due))
    assert list(step_folders(tmp_path)) == [8, 10]
    expected = fresh(long)
    records = list(expected.train(lambda _: None))
    assert outcome(*resumed(long, tmp_path)) == outcome(expected, records)


def test_an_annealed_slope_forbids_more_epochs(tmp_path: Path) -> None:
    constant = {"batch_size": 16, "learning_rate": 1e-3, "learning_rate_final": 1e-3}
    annealed = {"breakpoints": 15, "gamma": 5.0, "gamma_final": 40.0}
    before, after = (config_of(1, quantizer=annealed, training={"epochs": n, **constant}) for n in (2, 4))
    interrupt_after(before, 4, tmp_path)
    with pytest.raises(CheckpointError, match=r"quantizer\.gamma changes from 5\.0 to 40\.0 over all epochs"):
        resume_training(fresh(after), tmp_path)
