"""Trainings that stop after random steps and go on: `python -m tests.e2e.resumed --seed S`.

Each configuration trains once without interruption. Then it stops after steps that are drawn from the seed, at the end
of an epoch and after the last step, and goes on from what is on the disk: the weights and test errors have to be equal.
The same checkpoints without their optimiser state, which is what a resume of the weights alone would have, have to end
in other weights. One step of each configuration is stopped and resumed by the process engine, too.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunStoppedError
from splitwave.common.records.manifest import BASESTATION_PART, device_part
from splitwave.common.records.results import RunResult
from splitwave.common.records.training_manifest import TrainingManifest, discard_checkpoints, step_folder
from splitwave.common.records.training_part import TrainingPart
from splitwave.testbed.engine import Checkpointing, Event, Job, Observer, Progress, load_engine
from splitwave.testbed.stopping import StopRequest

EPOCHS, PER_EPOCH = 3, 10
LAST = EPOCHS * PER_EPOCH
KEEP_ALL = LAST

_TRAINING: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 420}
"""The last step of each epoch has fewer samples."""
_HYPER: dict[str, Any] = {
    "data": {"validation": 100},
    "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4},
    "training": {"epochs": EPOCHS, "batch_size": 400, "micro_batches": 2},
}


class Row(NamedTuple):
    """One resumed training, compared with the one without interruption.

    Attributes:
        equal: whether weights and test errors are equal.
        weights_alone: digest that a resume without optimiser state gives; None where it was not tried.
        passed: whether all of it is as it has to be.
    """

    case: str
    engine: str
    step: int
    expected: str
    resumed: str
    equal: bool
    weights_alone: str | None
    passed: bool

    def __str__(self) -> str:
        """A line of the table."""
        alone = ""
        if self.weights_alone is not None:
            alone = f"{self.weights_alone[:12]} {'EQUAL' if self.weights_alone == self.expected else 'unequal'}"
        resumed = f"{self.resumed[:12]} {'equal' if self.equal else 'UNEQUAL'}"
        step = f"{self.step} of {LAST}"
        return _line(self.case, self.engine, step, self.expected[:12], resumed, alone)


def _line(*cells: str) -> str:
    widths = (22, 9, 13, 12, 20, 0)
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def cases() -> dict[str, RunConfig]:
    """The configurations by name: both forward passes and hyper-networks, each with 1, 2 and 4 links."""
    forwards: dict[str, Mapping[str, Any]] = {
        "soft": {"quantizer": {"forward": "soft"}},
        "straight-through": {"quantizer": {"forward": "straight-through"}},
        "hyper-networks": _HYPER,
    }
    return {
        f"{name}, K = {links}": RunConfig.model_validate(
            {
                "links": links,
                "encoder": {"dimension": 4},
                "inference": {"latency_samples": 1},
                "training": _TRAINING,
                **settings,
            }
        )
        for name, settings in forwards.items()
        for links in (1, 2, 4)
    }


def compare(case: str, config: RunConfig, random_steps: int, draws: random.Random) -> Iterator[Row]:
    """Stop and resume trainings of a configuration, each compared with one that nothing interrupted."""
    with tempfile.TemporaryDirectory() as scratch:
        expected = _train("inprocess", config, Path(scratch))
    drawn = sorted(draws.sample([step for step in range(1, LAST) if step % PER_EPOCH], random_steps))
    boundary = draws.randrange(PER_EPOCH, LAST, PER_EPOCH)
    for step in (*drawn, boundary, LAST):
        yield _resumed(case, "inprocess", config, step, expected)
    yield _resumed(case, "process", config, draws.choice(drawn), expected)


def _resumed(case: str, engine: str, config: RunConfig, step: int, expected: RunResult) -> Row:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _stop_after(engine, config, step, folder)
        result = _train(engine, config, folder, resume=True)
        alone = None
        if engine == "inprocess" and step < LAST:  # after the last step, the optimiser has nothing left to decide
            _forget_optimisers(folder / "ckpt", step)
            alone = _train(engine, config, folder, resume=True).weights_sha256
    equal = _outcome(result) == _outcome(expected)
    digests = expected.weights_sha256, result.weights_sha256
    return Row(case, engine, step, *digests, equal, alone, passed=equal and alone != expected.weights_sha256)


def _outcome(result: RunResult) -> tuple[object, ...]:
    return result.weights_sha256, result.error, result.error_soft, result.steps


def _stop_after(engine: str, config: RunConfig, step: int, folder: Path) -> None:
    """Stop a training, as SIGUSR1 does, and leave its checkpoint of exactly this step.

    The process engine stops some steps later; its checkpoint of this step is one that it kept on the way.
    """

    ahead = 1 if engine == "inprocess" else 0  # a base station may stop before the step that comes next

    def observe(event: Event) -> None:
        if not isinstance(event, Progress) or event.stage != "training" or stop.requested:
            return
        if event.step + ahead >= step:
            os.kill(os.getpid(), signal.SIGUSR1)

    stop = StopRequest()
    every = step if engine == "process" else 0
    try:
        _train(engine, config, folder, observe, every=every, stop=stop)
    except RunStoppedError:
        pass
    else:
        assert every, f"step {step}: the training was not stopped"
    discard_checkpoints(folder / "ckpt", [step])
    TrainingManifest.read(step_folder(folder / "ckpt", step))


def _train(
    engine: str,
    config: RunConfig,
    folder: Path,
    observe: Observer = lambda _: None,
    *,
    every: int = 0,
    resume: bool = False,
    stop: StopRequest | None = None,
) -> RunResult:
    checkpoints = Checkpointing(every, KEEP_ALL, resume, stop)
    job = Job(config, None, folder / "ckpt", False, folder, checkpoints=checkpoints)
    job.checkpoint_dir.mkdir(exist_ok=True)
    return load_engine(engine).run(job, observe)


def _forget_optimisers(root: Path, step: int) -> None:
    """Replace the optimiser states of a checkpoint by those of optimisers that have done no step."""
    folder = step_folder(root, step)
    manifest = TrainingManifest.read(folder)
    devices = tuple(_forget(folder / device_part(link), sha) for link, sha in enumerate(manifest.device_sha256))
    basestation = _forget(folder / BASESTATION_PART, manifest.basestation_sha256)
    replace(manifest, device_sha256=devices, basestation_sha256=basestation).publish(root)


def _forget(path: Path, sha256: str) -> str:
    part = TrainingPart.read(path, sha256)
    assert any(values.any() for values in part.optimiser.values()), f"{path}: no optimiser state"
    return replace(part, optimiser={name: torch.zeros_like(each) for name, each in part.optimiser.items()}).write(path)


def main() -> int:
    """Print the table; exit code 1 if a row is not as it has to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.resumed", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the drawn steps")
    parser.add_argument("--steps", type=int, default=5, help="steps drawn for each configuration")
    options = parser.parse_args()
    draws = random.Random(options.seed)
    print(_line("configuration", "engine", "stopped after", "expected", "resumed", "weights alone"))
    rows = []
    for case, config in cases().items():
        for row in compare(case, config, options.steps, draws):
            print(row, flush=True)
            rows.append(row)
    failed = sum(not row.passed for row in rows)
    print(f"seed {options.seed}: {len(rows) - failed} of {len(rows)} rows as they have to be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
