"""Devices on one host, each with its own state: they return in any order, and each gets its own link again."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.experiments.inprocess_engine import InprocessEngine
from splitwave.testbed.engine import Job
from tests.e2e.services import Process, Services, until
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

CONFIG = RunConfig.model_validate(
    {"encoder": {"dimension": 8}, "training": {"epochs": 2}, "inference": {"latency_samples": 20}}
)
NAMES = ("a", "b")


class Boards:
    """A base station, a channel emulator, and two devices that ask for no link: the first to come, `a`, has link 0."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self._folder = folder
        self._starts = 0
        self._uplink = ""
        (folder / "run.yaml").write_text(to_yaml(CONFIG), encoding="utf-8")

    def start_base_station(self, *options: str, listen: str = "127.0.0.1:0") -> tuple[Process, str]:
        """Start a base station, and the first time an emulator in front of it; returns it and its address."""
        self._starts += 1
        basestation, address = self._services.serve(
            f"basestation-{self._starts}", "splitwave.basestation", f"--config={self._folder / 'run.yaml'}",
            f"--state={self._folder / 'basestation'}", f"--rejoin={LIMIT_S}", "--serve-every=0.1", *options,
            listen=listen,
        )  # fmt: skip
        if not self._uplink:
            _, self._uplink = self._services.serve("channel", "splitwave.channel", f"--connect={address}")
        return basestation, address

    def start(self, name: str, address: str) -> Process:
        """Start a device, and wait until it holds a link."""
        before = _ids(address)
        device = self.start_unseen(name, f"--state={self._folder / name}")
        until(address, lambda status: sum(bool(link.device_id) for link in status.links) > sum(map(bool, before)))
        return device

    def start_unseen(self, name: str, *options: str) -> Process:
        self._starts += 1
        arguments = ("splitwave.device", f"--connect={self._uplink}", *options)
        return self._services.start(f"{name}-{self._starts}", *arguments)

    def restart_in_reverse(self, devices: list[Process], address: str) -> list[Process]:
        """Kill all devices, and start them again, the last first, once the base station has noticed."""
        for device in devices:
            device.kill()
        until(address, lambda status: not any(link.device_id for link in status.links))
        return [self.start(name, address) for name in reversed(NAMES)][::-1]

    def id_of(self, name: str) -> str:
        return (self._folder / name / "device.id").read_text(encoding="utf-8").strip()


def _ids(address: str) -> list[str]:
    return [link.device_id for link in until(address, lambda _: True).links]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


def undisturbed_sha256(folder: Path) -> str:
    logs = folder / "logs"
    logs.mkdir(parents=True)
    (folder / "ckpt").mkdir()
    return InprocessEngine().run(Job(CONFIG, None, folder / "ckpt", False, logs), lambda _: None).weights_sha256


def test_devices_that_return_in_another_order_get_their_own_links_again(services: Services, tmp_path: Path) -> None:
    boards = Boards(services, tmp_path)
    summaries = tmp_path / "summaries"
    basestation, address = boards.start_base_station(f"--summaries={summaries}")
    devices = [boards.start(name, address) for name in NAMES]
    ids = [boards.id_of(name) for name in NAMES]
    assert _ids(address) == ids

    until(address, lambda status: status.epoch >= 1)
    devices = boards.restart_in_reverse(devices, address)
    assert _ids(address) == ids
    until(address, lambda status: status.stage == pb.STAGE_SERVING)

    # Each has only its own part of the checkpoint now, and is asked to restore it.
    devices = boards.restart_in_reverse(devices, address)
    queries = until(address, lambda status: status.stage == pb.STAGE_SERVING).queries
    status = until(address, lambda status: status.queries > queries)
    assert [link.device_id for link in status.links] == ids
    assert status.restarts == 2
    (summary,) = summaries.iterdir()
    assert json.loads(summary.read_text())["weights_sha256"] == undisturbed_sha256(tmp_path / "undisturbed")

    # A base station that comes back, and answers from its checkpoint, finds the same devices.
    basestation.kill()
    basestation.wait()
    _, again = boards.start_base_station("--restore", listen=address)
    assert again == address
    status = until(address, lambda status: status.queries > 0)
    assert [link.device_id for link in status.links] == ids
    assert [device.poll() for device in devices] == [None, None]

    # It gives each device the link whose part it has, whichever comes first.
    for device in devices:
        device.terminate()
    assert [device.wait(LIMIT_S) for device in devices] == [ExitCode.OK] * 2
    until(address, lambda status: not any(link.device_id for link in status.links))
    for name in reversed(NAMES):
        boards.start(name, address)
    assert _ids(address) == ids


def test_a_second_device_with_the_folder_of_a_running_one_is_refused(services: Services, tmp_path: Path) -> None:
    boards = Boards(services, tmp_path)
    _, address = boards.start_base_station()
    first = boards.start("a", address)

    second = boards.start_unseen("second", f"--state={tmp_path / 'a'}")

    assert second.wait(LIMIT_S) == ExitCode.CONFIG
    (log,) = tmp_path.glob("second-*.log")
    assert f"--state {tmp_path / 'a'}: another running device has this folder" in log.read_text()
    assert first.poll() is None
    assert _ids(address) == [boards.id_of("a"), ""]


def test_a_copy_of_a_devices_folder_does_not_take_its_link(services: Services, tmp_path: Path) -> None:
    boards = Boards(services, tmp_path)
    _, address = boards.start_base_station()
    boards.start("a", address)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "device.id").write_text(boards.id_of("a"))

    copy = boards.start_unseen("copy", f"--state={tmp_path / 'copy'}", "--connect-timeout=0.5")

    assert copy.wait(LIMIT_S) == ExitCode.UNREACHABLE
    (log,) = tmp_path.glob("copy-*.log")
    assert "two devices have this id" in log.read_text()
    assert _ids(address) == [boards.id_of("a"), ""]
