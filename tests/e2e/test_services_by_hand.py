"""Services started individually, as on several machines: a device crashes, and the base station continues to serve."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from tests.e2e.services import Services, until
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

CONFIG = "{encoder: {dimension: 8}, training: {epochs: 6}, inference: {latency_samples: 20}}"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


def test_a_crashed_device_gets_its_link_back_and_the_run_serves_until_it_is_stopped(
    services: Services, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    summaries = tmp_path / "summaries"
    folders = (f"--state={tmp_path}", f"--summaries={summaries}")
    basestation, address = services.serve(
        "basestation", "splitwave.basestation", f"--config={config}", *folders, "--serve-every=0.1"
    )
    channel, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
    device = ("splitwave.device", f"--connect={uplink}", f"--state={tmp_path}")
    devices = [services.start(f"device-{link}", *device, f"--link={link}") for link in range(2)]

    until(address, lambda status: status.epoch >= 1)
    devices[1].kill()
    until(address, lambda status: status.stage == pb.STAGE_WAITING and status.restarts == 1)
    devices[1] = services.start("device-again", *device)
    until(address, lambda status: status.queries >= 40)

    for process in (basestation, channel):
        process.send_signal(signal.SIGTERM)
    exits = [process.wait(LIMIT_S) for process in (basestation, channel, *devices)]
    assert exits == [ExitCode.OK] * 4
    assert "run starts over" in services.log("basestation")
    (summary,) = summaries.iterdir()
    assert json.loads(summary.read_text(encoding="utf-8"))["steps"] == 6 * 63
