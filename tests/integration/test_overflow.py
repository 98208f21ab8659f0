"""Overloaded open loops, whose devices drop the oldest of the queries that wait."""

import asyncio
import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

import splitwave.common.protocol.workload
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.workload import LinkStamps, Overflow
from tests.integration.workloads import OPEN, PLAIN, Hold, column, serving_testbed

DROPPING = dataclasses.replace(OPEN, rate_per_s=50.0, overflow=Overflow.DROP_OLDEST)
ALONE = PLAIN.model_copy(update={"links": 1})
DEADLINE = PLAIN.model_copy(
    update={"fusion": PLAIN.fusion.model_copy(update={"policy": "deadline", "deadline_ms": 20.0})}
)


@pytest.mark.parametrize("config", [ALONE, DEADLINE], ids=["one link", "deadline"])
def test_an_overloaded_link_drops_the_oldest_waiting_queries_and_records_them(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_OPEN_SAMPLES", 2)
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_WAITING_QUERIES", 3)
    hold = Hold(monkeypatch)

    async def scenario() -> list[LinkStamps]:
        async with serving_testbed(tmp_path, config) as testbed:
            before = await testbed.until(lambda _: True)
            measuring = asyncio.create_task(testbed.measure(DROPPING))
            await testbed.until(
                lambda now: all(b.blocks == a.blocks + 2 for a, b in zip(before.links, now.links, strict=True))
            )
            all_due_ns = time.perf_counter_ns() + int(DROPPING.schedule_ns()[-1])
            await testbed.until(lambda _: time.perf_counter_ns() > all_due_ns)
            hold.release()
            links = await measuring
            assert len(await testbed.measure(OPEN)) == config.links  # the next pass is complete again
            return links

    with capture_logs() as logs:
        links = asyncio.run(scenario())
    assert len(links) == config.links
    for each in links:
        sent = np.setdiff1d(np.arange(DROPPING.queries), each.dropped).tolist()
        # Two had credit, 0 and 1 unless this machine was busy; of the others the newest three waited.
        assert sent == sent[:2] + [number for number in (9, 10, 11) if number > sent[1]]
        np.testing.assert_array_equal(np.diff(column(each, "due")), np.diff(DROPPING.schedule_ns()))
        answered = np.delete(each.at_ns, each.dropped, axis=0)
        assert (np.diff(answered, axis=1) >= 0).all()
        assert (answered > 0).all()
        assert not each.at_ns[each.dropped, 1:].any()  # a dropped query was due, and no more
    first, second = (line for line in logs if line["event"] == "workload measured")
    assert first["dropped_queries"] == {each.link: len(each.dropped) for each in links}
    assert "dropped_queries" not in second


def test_links_that_drop_independently_need_a_policy_that_does_not_wait_for_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving_testbed(tmp_path) as testbed:
            with pytest.raises(ConfigError, match=r"overflow = drop-oldest for 2 links under fusion.policy = all: exp"):
                await testbed.measure(DROPPING)

    asyncio.run(scenario())
