"""Whole runs whose channel emulator holds blocks: the same results, and hops that have what the settings say."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import run_distributed, tiny_data

EVERYTHING = {"delay_ms": 0.5, "jitter_ms": 1.0, "rate_limit_bps": 1e6, "airtime": True, "time_scale": 0.1}


@pytest.mark.parametrize("medium", ["parallel", "tdma"])
@pytest.mark.parametrize("links_a_stream", [1, 3])
def test_timing_changes_no_result(medium: str, links_a_stream: int, tmp_path: Path) -> None:
    config = config_of(3, 2, 2, "soft", 15, channel={"timing": {**EVERYTHING, "medium": medium}})
    compare(config, tmp_path, links_a_stream=links_a_stream)


def emulated_ms(tmp_path: Path, **timing: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """By query and link, the milliseconds that a testbed of two links says its queries were emulated."""
    settings = config_of(2, 1, 1, "soft", 15, channel={"baud": 2_000.0, "timing": timing}).model_dump()
    settings["training"]["epochs"] = 1
    config = RunConfig.model_validate(settings)
    result = asyncio.run(run_distributed(config, tiny_data(2), tmp_path))
    return result.hop_times_ns[:, result.hops.index("emulate")] / 1e6


def test_queries_are_emulated_for_at_least_their_airtime_and_delay(tmp_path: Path) -> None:
    """6 symbols at 2,000 baud take 3 ms, and no block leaves early."""
    assert (emulated_ms(tmp_path, airtime=True, delay_ms=2.0) >= 5.0).all()


def test_an_inprocess_run_has_no_clock_to_wait_by() -> None:
    data = tiny_data(2)
    settings = {"links": 2, "encoder": {"dimension": 6}, "training": {"epochs": 1, "batch_size": 16}}
    timed = {"channel": {"timing": {"delay_ms": 3.6e6}}}
    digests = []
    for config in (RunConfig.model_validate(settings), RunConfig.model_validate(settings | timed)):
        run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
        assert len(list(run.train(lambda _: None))) == 1
        digests.append(run.basestation_sha256)
    assert digests[0] == digests[1]
