"""Runs over channels in which links meet: distributed equals in-process, and what cannot work is refused by name."""

import asyncio
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import run_distributed, tiny_data

INTERFERENCE = {"name": "interference", "share": 0.3}


@pytest.mark.parametrize(
    ("model", "draws", "links_a_stream", "breakpoints"),
    [
        ([INTERFERENCE, "awgn"], 2, 1, 15),
        ([INTERFERENCE, "awgn"], 1, 3, 0),
        (["awgn", INTERFERENCE], 2, 2, 15),
        (["over-the-air", "awgn"], 1, 1, 15),
        (["rayleigh", INTERFERENCE, "awgn"], 2, 1, 15),
        (["over-the-air", "awgn"], 2, 3, 6),
    ],
    ids=str,
)
def test_a_distributed_run_equals_one_in_process_bit_for_bit(
    model: object, draws: int, links_a_stream: int, breakpoints: int, tmp_path: Path
) -> None:
    config = config_of(3, draws, 2, "soft", breakpoints, channel={"model": model})
    compare(config, tmp_path, links_a_stream=links_a_stream)


def test_a_timed_run_equals_one_in_process_too(tmp_path: Path) -> None:
    timing = {"airtime": True, "medium": "tdma", "jitter_ms": 0.5, "time_scale": 0.1}
    channel = {"model": [INTERFERENCE, "awgn"], "timing": timing}
    compare(config_of(2, 1, 2, "straight-through", 15, channel=channel), tmp_path)


def test_a_base_station_refuses_a_fusion_policy_that_does_without_links(tmp_path: Path) -> None:
    more = {"channel": {"model": [INTERFERENCE, "awgn"]}, "fusion": {"policy": "quorum", "quorum": 1}}
    config = config_of(2, 1, 1, "soft", 15, **more)
    with pytest.raises(ConfigError, match=r"fusion\.policy = quorum: expected all where links meet"):
        asyncio.run(run_distributed(config, tiny_data(2), tmp_path))
