"""Four devices under load, one of which is killed: answers go on within the deadline, and the device comes back."""

import asyncio
import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.workload import Workload
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import measure
from tests.e2e.services import Services, until
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

CONFIG = """
links: 4
encoder: {dimension: 8}
training: {epochs: 2, link_dropout: 0.2}
inference: {latency_samples: 20}
fusion: {policy: deadline, deadline_ms: 300}
"""
DEADLINE_S, BUSY_MACHINE_S = 0.3, 30.0
LOAD = Workload(queries=1500, samples=1, window=1, rate_per_s=150.0, seed=1)
KILLED = 2


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


def answered_by(status: pb.RunStatus, *links: int) -> int:
    return sum(each.totals.queries for each in status.by_links if tuple(each.links) == links)


def test_answers_go_on_within_the_deadline_when_a_device_is_killed_under_load(
    services: Services, tmp_path: Path
) -> None:
    config, summaries = tmp_path / "run.yaml", tmp_path / "summaries"
    config.write_text(CONFIG, encoding="utf-8")
    folders = (f"--state={tmp_path}", f"--summaries={summaries}")
    basestation, address = services.serve(
        "basestation", "splitwave.basestation", f"--config={config}", *folders, "--rejoin=0", "--serve-every=0.2"
    )
    channel, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
    device = ("splitwave.device", f"--connect={uplink}", f"--state={tmp_path}")
    devices = [services.start(f"device-{link}", *device, f"--link={link}") for link in range(4)]
    blocks = until(address, lambda status: status.queries >= 20).links[KILLED].blocks

    with ThreadPoolExecutor(1) as thread:
        measuring = thread.submit(lambda: asyncio.run(measure(address, LOAD)))
        until(address, lambda status: status.links[KILLED].blocks >= blocks + 200)
        devices[KILLED].kill()
        stamps = measuring.result(LIMIT_S)

    left = [link for link in range(4) if link != KILLED]
    assert [each.link for each in stamps] == left
    arrived, fused = ([each.at_ns[:, each.names.index(name)] for each in stamps] for name in ("arrived", "fused"))
    waits_s = (np.array(fused) - np.array(arrived)) / 1e9
    assert waits_s.shape == (3, LOAD.queries)
    assert waits_s.max() < DEADLINE_S + BUSY_MACHINE_S
    print(f"fuse wait: p50 {np.median(waits_s) * 1e3:.2f} ms, p99 {np.percentile(waits_s, 99) * 1e3:.2f} ms")

    degraded = until(address, lambda status: answered_by(status, *left) >= 40)
    assert (degraded.restarts, degraded.stage) == (0, pb.STAGE_SERVING)
    everyone = answered_by(degraded, 0, 1, 2, 3)
    devices[KILLED] = services.start("device-again", *device, f"--link={KILLED}")
    restored = until(address, lambda status: answered_by(status, 0, 1, 2, 3) > everyone)
    assert restored.restarts == 0

    for process in (basestation, channel):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(LIMIT_S) for process in (basestation, channel, *devices)] == [ExitCode.OK] * 6
    assert "serving without a link" in services.log("basestation")
    (summary,) = summaries.iterdir()
    by_links = {tuple(each["links"]): each for each in json.loads(summary.read_text(encoding="utf-8"))["by_links"]}
    assert by_links[0, 1, 3]["queries"] >= 40
    assert by_links[0, 1, 2, 3]["queries"] >= 20
