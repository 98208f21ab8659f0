"""A run whose parties reach each other at addresses other than HOST:PORT."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from tests.e2e.services import Services, until
from tests.installed_command import output_of
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

CONFIG = "{links: 1, encoder: {dimension: 8}, training: {epochs: 1}, inference: {latency_samples: 1}}"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


def test_a_run_over_unix_sockets_is_served_and_watched(services: Services, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    settings = (f"--config={config}", f"--state={tmp_path}", "--serve-every=0.1")
    socket, abstract = f"unix:{tmp_path}/s.sock", f"unix-abstract:splitwave-{os.getpid()}"
    basestation, address = services.serve("basestation", "splitwave.basestation", *settings, listen=socket)
    channel, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}", listen=abstract)
    device = services.start("device", "splitwave.device", f"--connect={uplink}", f"--state={tmp_path}")

    until(address, lambda status: status.stage == pb.STAGE_SERVING)
    assert (address, uplink) == (socket, abstract)
    assert f" at {socket}: serving" in output_of("status", f"--address={socket}")
    for process in (basestation, channel):
        process.terminate()
    assert [process.wait(LIMIT_S) for process in (basestation, channel, device)] == [ExitCode.OK] * 3
    assert not (tmp_path / "s.sock").exists()
