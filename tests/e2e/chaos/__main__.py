"""Kills random parties of a training at random moments, and compares its weights with those of an undisturbed one.

python -m tests.e2e.chaos --kills 30 --seed 1 [--engine process|compose|by-hand] [--proxy]
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import SplitwaveError
from tests.e2e.chaos.disturbance import disturb
from tests.e2e.chaos.faulty_network import FaultyNetwork
from tests.e2e.chaos.kills import Kill, draw_kills, epochs_for
from tests.e2e.chaos.report import report
from tests.e2e.chaos.training import Training
from tests.e2e.chaos.training_by_command import TrainingInProcesses, train
from tests.e2e.chaos.training_by_hand import training_by_hand
from tests.e2e.chaos.training_in_containers import TrainingInContainers

PROCESS, COMPOSE, BY_HAND = "process", "compose", "by-hand"
LINKS = 2
PARTIES = ("basestation", "channel", *(f"device-{link}" for link in range(LINKS)))
STEPS_PER_EPOCH = 63
CHECKPOINT_EVERY = 25
SPARE_STEPS = {PROCESS: 60, COMPOSE: 120, BY_HAND: 60}
"""Steps that a training makes until the program notices that it has recovered, on a machine with time to spare."""
_DONE_AGAIN = "100000"
"""`--max-restarts`: more than any number of kills."""


def main() -> int:
    """Print the table; 0 if all kills were made and the weights are equal."""
    options = _options()
    kills = draw_kills(options.seed, options.kills, PARTIES)
    with tempfile.TemporaryDirectory(prefix="splitwave-chaos-") as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        try:
            text, passed = asyncio.run(_compare(options, kills, _settings(options, kills), folder))
        except (SplitwaveError, TimeoutError) as error:
            print(f"error: {str(error) or type(error).__name__}", file=sys.stderr)
            return 1
    print(f"\n{text}")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30, metavar="N", help="SIGKILLs in total")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of parties, moments and network faults")
    parser.add_argument("--engine", choices=(PROCESS, COMPOSE, BY_HAND), help="default: process, with --proxy by-hand")
    parser.add_argument("--proxy", action="store_true", help="with a faulty network between the parties, too")
    parser.add_argument("--epochs", type=int, metavar="N", help="of the training; default: as many as the kills take")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep logs and checkpoints there")
    options = parser.parse_args()
    options.engine = options.engine or (BY_HAND if options.proxy else PROCESS)
    if options.proxy and options.engine != BY_HAND:
        parser.error(f"--proxy needs --engine {BY_HAND}: the other engines connect their parties themselves")
    return options


def _settings(options: argparse.Namespace, kills: Sequence[Kill]) -> RunConfig:
    epochs = options.epochs or epochs_for(kills, STEPS_PER_EPOCH, SPARE_STEPS[options.engine])
    settings = {"links": LINKS, "encoder": {"dimension": 8}, "inference": {"latency_samples": 20}}
    return RunConfig.model_validate({**settings, "training": {"epochs": epochs}})


async def _compare(
    options: argparse.Namespace, kills: Sequence[Kill], config: RunConfig, folder: Path
) -> tuple[str, bool]:
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "run.yaml"
    settings.write_text(to_yaml(config), encoding="utf-8")
    show = partial(print, flush=True)
    undisturbed_engine = COMPOSE if options.engine == COMPOSE else "inprocess"
    async with train(folder / "undisturbed", f"--config={settings}", f"--engine={undisturbed_engine}") as command:
        undisturbed = await command.weights_sha256()
    show(f"undisturbed: {config.training.epochs * STEPS_PER_EPOCH} steps, weights_sha256 {undisturbed}")
    network = FaultyNetwork(options.seed) if options.proxy else None
    async with _training(options.engine, config, settings, folder / "disturbed", network) as training:
        recoveries = await disturb(training, kills, show)
        disturbed = await training.weights_sha256()
    faults = {} if network is None else network.counts
    return report(recoveries, faults, planned=options.kills, undisturbed=undisturbed, disturbed=disturbed)


@asynccontextmanager
async def _training(
    engine: str, config: RunConfig, settings: Path, folder: Path, network: FaultyNetwork | None
) -> AsyncIterator[Training]:
    if engine == BY_HAND:
        async with training_by_hand(config, folder, CHECKPOINT_EVERY, network) as by_hand:
            yield by_hand
        return
    arguments = [f"--config={settings}", f"--engine={engine}", f"--checkpoint-every={CHECKPOINT_EVERY}"]
    if engine == PROCESS:
        arguments.append(f"--max-restarts={_DONE_AGAIN}")
    async with train(folder, *arguments) as command:
        yield TrainingInProcesses(command) if engine == PROCESS else TrainingInContainers(command, config.links)


if __name__ == "__main__":
    sys.exit(main())
