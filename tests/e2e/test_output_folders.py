"""Output folders of services and tools are made if missing; if that is impossible, the error names them."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.e2e.services import Services
from tests.installed_command import ENVIRONMENT
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e


def test_a_base_station_makes_its_folders(tmp_path: Path) -> None:
    state, summaries = tmp_path / "state" / "new", tmp_path / "summaries" / "new"
    with ExitStack() as stack:
        _, address = Services(tmp_path, stack).serve(
            "basestation", "splitwave.basestation", f"--state={state}", f"--summaries={summaries}"
        )
        assert address
    assert not list(state.iterdir())
    assert not list(summaries.iterdir())


@pytest.mark.parametrize(
    ("module", "option", "exit_code"),
    [
        (["splitwave.basestation", "--listen=127.0.0.1:0"], "--summaries", ExitCode.CONFIG),
        (["splitwave.basestation", "--listen=127.0.0.1:0"], "--state", ExitCode.CHECKPOINT),
        (["splitwave.experiments.choose_settings", "--validation=100"], "--csv", ExitCode.CONFIG),
        (["splitwave.experiments.vddib_sr.tuning"], "--csv", ExitCode.CONFIG),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_in_one_line(
    module: list[str], option: str, exit_code: ExitCode, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    nowhere = tmp_path / "file" / "folder"
    path = nowhere / "table.csv" if option == "--csv" else nowhere
    environment = ENVIRONMENT | {"XDG_STATE_HOME": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-m", *module, f"{option}={path}"],
        capture_output=True, text=True, check=False, timeout=LIMIT_S, env=environment,
    )  # fmt: skip
    assert answer.returncode == exit_code
    (line,) = answer.stderr.splitlines()
    assert f"{option} {nowhere}" in line
