"""Distributed runs whose announcements are collected, and which are compared with one another."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from splitwave.basestation.run.events import RunObserver
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunStoppedError
from splitwave.common.records.results import EpochRecord, RunResult
from tests.integration.test_resumed_training import (
    ANNEALED,
    HYPER,
    config_of,
)
from tests.integration.testbed import TinyData, run_distributed


class Follower(RunObserver):
    """Collects what a base station announces, and asks for a stop after a step."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop = asyncio.Event()
        self.epochs: list[EpochRecord] = []
        self.kept: list[int] = []
        self.kept_one = asyncio.Event()
        self.began_again_at: list[int] = []
        self._stop_after = stop_after

    def step_ended(self, step: int) -> None:
        if step + 1 == self._stop_after:
            self.stop.set()

    def epoch_ended(self, record: EpochRecord) -> None:
        self.epochs.append(record)

    def training_kept(self, step: int, folder: Path) -> None:
        assert folder.is_dir()
        self.kept.append(step)
        self.kept_one.set()

    def run_started_over(self, reason: str, lost_at_step: int, from_step: int, wait_s: float) -> None:  # noqa: ARG002
        assert from_step <= lost_at_step
        self.began_again_at.append(from_step)


async def stopped_after(config: RunConfig, data: TinyData, folder: Path, step: int, **more: Any) -> Follower:
    follower = Follower(step)
    with pytest.raises(RunStoppedError, match=r"the run was stopped after step \d+ of 20"):
        await run_distributed(config, data, folder, observers=[follower], keep_and_stop=follower.stop, **more)
    return follower


async def followed(config: RunConfig, data: TinyData, folder: Path, **more: Any) -> tuple[RunResult, Follower]:
    follower = Follower()
    return await run_distributed(config, data, folder, observers=[follower], **more), follower


def same(result: RunResult, expected: RunResult) -> bool:
    return result.costs == expected.costs and same_but_for_wire_bytes(result, expected)


def same_but_for_wire_bytes(result: RunResult, expected: RunResult) -> bool:
    """As `same`; streams that begin later number fewer blocks, and a small number takes fewer bytes."""
    return (
        (result.weights_sha256, result.error, result.error_soft, result.steps)
        == (expected.weights_sha256, expected.error, expected.error_soft, expected.steps)
        and [(cost.samples, cost.packed_bytes) for cost in result.costs]
        == [(cost.samples, cost.packed_bytes) for cost in expected.costs]
        and (result.queries, result.served) == (expected.queries, expected.served)
    )


CASES = {
    **{
        f"{links} links, {forward}": config_of(links, forward)
        for links in (1, 2, 4)
        for forward in ("soft", "straight-through")
    },
    "hyper": config_of(2, **HYPER),
    "annealed": config_of(2, **ANNEALED),
}
