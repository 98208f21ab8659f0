"""A base station that is killed in training is started again by hand, as are its devices, and goes on to the bit."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from splitwave.common.records.training_manifest import TrainingManifest
from splitwave.experiments.inprocess_engine import InprocessEngine
from splitwave.testbed.engine import Job
from tests.e2e.services import Process, Services, until
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

CONFIG = RunConfig.model_validate(
    {"encoder": {"dimension": 8}, "training": {"epochs": 6}, "inference": {"latency_samples": 20}}
)
STEPS, EVERY = 378, 20


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


class Testbed:
    """A base station, a channel emulator and two devices, each started by hand with a state folder of its own."""

    __test__ = False

    def __init__(self, services: Services, folder: Path, name: str, *options: str) -> None:
        self.basestation, self.address = services.serve(
            f"basestation-{name}", "splitwave.basestation", f"--config={folder / 'run.yaml'}",
            f"--state={folder / 'basestation'}", f"--summaries={folder / 'summaries'}",
            f"--checkpoint-every={EVERY}", *options,
        )  # fmt: skip
        self.channel, uplink = services.serve(f"channel-{name}", "splitwave.channel", f"--connect={self.address}")
        self.devices: list[Process] = []
        for link in range(CONFIG.links):
            state = f"--state={folder / f'device-{link}'}"
            self.devices.append(
                services.start(f"device-{link}-{name}", "splitwave.device", f"--connect={uplink}", state)
            )
            until(self.address, lambda status: sum(bool(each.device_id) for each in status.links) == len(self.devices))


def undisturbed_sha256(folder: Path) -> str:
    (folder / "ckpt").mkdir(parents=True)
    return InprocessEngine().run(Job(CONFIG, None, folder / "ckpt", False, folder), lambda _: None).weights_sha256


def test_a_base_station_that_was_killed_in_training_goes_on_with_resume(services: Services, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(to_yaml(CONFIG), encoding="utf-8")
    killed = Testbed(services, tmp_path, "killed")
    until(killed.address, lambda status: status.step >= 3 * EVERY)
    killed.basestation.kill()
    killed.basestation.wait(LIMIT_S)
    for process in (killed.channel, *killed.devices):
        process.kill()
        process.wait(LIMIT_S)
    kept = TrainingManifest.newest(tmp_path / "basestation")
    assert kept is not None
    assert 0 < kept.step < STEPS
    assert not list((tmp_path / "summaries").iterdir())

    again = Testbed(services, tmp_path, "again", "--resume")
    assert [process.wait(LIMIT_S) for process in (again.basestation, *again.devices)] == [ExitCode.OK] * 3

    (summary,) = (tmp_path / "summaries").iterdir()
    content = json.loads(summary.read_text())
    assert (content["weights_sha256"], content["steps"]) == (undisturbed_sha256(tmp_path / "undisturbed"), STEPS)
    kept_again = [int(step) for step in re.findall(r"training kept .*step=(\d+)", services.log("basestation-again"))]
    assert kept_again == [*range(kept.step + EVERY, STEPS, EVERY), STEPS]
