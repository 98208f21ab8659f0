"""Workloads that devices send to a serving base station over real connections."""

import asyncio
import dataclasses
import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

import splitwave.common.protocol.workload
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, LinkStamps, Workload
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.session import DeviceSession
from splitwave.device.uplink.client import UplinkClient
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.servers import servers
from tests.integration.testbed import DeviceThread, tiny_data
from tests.integration.workloads import (
    BUSY,
    CLOSED,
    CONDITIONED,
    IDLE,
    OPEN,
    PLAIN,
    Hold,
    Testbed,
    column,
    serving_testbed,
)
from tests.limits import LIMIT_S


@pytest.mark.parametrize("load", [CLOSED, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize(("server", "names"), [("channel", STAMPS), ("base station", DIRECT_STAMPS)])
def test_every_party_stamps_every_query_of_a_workload_in_order(
    server: str, names: tuple[str, ...], load: Workload, tmp_path: Path
) -> None:
    async def scenario() -> list[LinkStamps]:
        async with serving_testbed(tmp_path, policy=BUSY, server=server) as testbed:
            links = await testbed.measure(load)
            before = await testbed.until(lambda _: True)
            await testbed.until(lambda status: status.queries > before.queries)  # serving continues
            return links

    links = asyncio.run(scenario())
    assert [(each.link, each.names) for each in links] == [(0, names), (1, names)]
    for each in links:
        assert each.at_ns.shape == (load.queries, len(names))
        assert (np.diff(each.at_ns, axis=1) >= 0).all()
        assert (np.diff(column(each, "due")) >= 0).all()
        assert (np.diff(column(each, "sent")) >= 0).all()
        if load.is_open:
            np.testing.assert_array_equal(np.diff(column(each, "due")), np.diff(load.schedule_ns()))
        else:  # a query is due when the window has room, which an answer makes
            answered = column(each, "received")[: -load.window]
            np.testing.assert_array_equal(column(each, "due")[load.window :], answered)
    for name in ("fused", "decoding", "decoded"):  # these stamps are common to both links
        np.testing.assert_array_equal(column(links[0], name), column(links[1], name))


@pytest.mark.parametrize("config", [PLAIN, CONDITIONED], ids=["plain", "conditioned"])
def test_the_answers_to_a_workload_equal_those_of_one_process(config: RunConfig, tmp_path: Path) -> None:
    loads = [CLOSED, dataclasses.replace(OPEN, samples=3)]

    async def scenario() -> None:
        async with serving_testbed(tmp_path, config) as testbed:
            for load in loads:
                await testbed.measure(load)

    with capture_logs() as logs:
        asyncio.run(scenario())

    data = tiny_data(config.links)
    oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    for _ in oracle.train(lambda _: None):
        pass
    digests = []
    for count, load in enumerate(loads):
        for worker in oracle.workers:
            worker.begin_workload(load)
        plan = oracle.plan.with_workload(load)
        answers = hashlib.sha256()
        for number in range(load.queries):
            blocks = [worker.pass_block(Phase.LOAD, count, number, Symbols.HARD) for worker in oracle.workers]
            assert blocks[0].key == BlockKey(Phase.LOAD, count, number)
            answers.update(oracle.trainer.predict(oracle._transmit(blocks), plan).tobytes())
        digests.append(answers.hexdigest())
    assert [each["answers_sha256"] for each in logs if each["event"] == "workload measured"] == digests


def test_an_open_loop_sends_up_to_its_credits_without_answers_and_reports_how_late_the_rest_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_OPEN_SAMPLES", 8)
    hold = Hold(monkeypatch)

    async def scenario() -> tuple[list[LinkStamps], int]:
        async with serving_testbed(tmp_path) as testbed:
            before = await testbed.until(lambda _: True)
            measuring = asyncio.create_task(testbed.measure(OPEN))
            held = await testbed.until(
                lambda now: all(b.blocks >= a.blocks + 8 for a, b in zip(before.links, now.links, strict=True))
            )
            assert [b.blocks - a.blocks for a, b in zip(before.links, held.links, strict=True)] == [8, 8]
            assert not any(link.late for link in held.links)
            released_ns = hold.release()
            return await measuring, released_ns

    links, released_ns = asyncio.run(scenario())
    for each in links:
        due, started, received = (column(each, name) for name in ("due", "started", "received"))
        np.testing.assert_array_equal(np.diff(due), np.diff(OPEN.schedule_ns()))  # independent of the answers
        assert (started >= due).all()
        assert (column(each, "sent")[:8] < released_ns).all()
        assert (started[8:] > released_ns).all()
        assert (received > released_ns).all()


def test_devices_that_share_a_stream_share_its_pacer_and_its_schedule(tmp_path: Path) -> None:
    data = tiny_data(2)

    def session(link: int) -> DeviceSession:
        return DeviceSession(
            device_id=f"port-{link}", software="test", requested_link=link, state_dir=tmp_path,
            open_views=lambda _, leased: data.views[leased], clock=time.perf_counter_ns,
        )  # fmt: skip

    async def scenario() -> list[LinkStamps]:
        async with servers(tmp_path, PLAIN, IDLE) as running:
            address = running.addresses["channel"]
            both = DeviceThread(address, None, data.views, tmp_path, start=False)
            both.client = UplinkClient(address, lambda: DeviceHost([session(0), session(1)]), LIMIT_S)
            both.start()
            testbed = Testbed(running, [both])
            await testbed.until(lambda status: status.queries > 0)
            links = await testbed.measure(OPEN)
            running.stop.set()
            await running.run
            await both.join()
            assert both.error is None
            return links

    for each in asyncio.run(scenario()):
        np.testing.assert_array_equal(np.diff(column(each, "due")), np.diff(OPEN.schedule_ns()))
        assert (np.diff(each.at_ns, axis=1) >= 0).all()
