"""`splitwave experiment` as a command: the smoke preset, and interrupted or killed sweeps."""

import os
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from splitwave.common.data.catalog import DATA_SETS
from splitwave.common.exit_codes import ExitCode
from splitwave.common.tasks.regression import Regression
from splitwave.experiments.sweep.table import read
from tests.installed_command import ENVIRONMENT, SPLITWAVE
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

FIGURES = ("fig2a", "fig2b", "fig2c", "fig3", "fig4")
HYPER_VIB = ("hyper_vib", "hyper_vib_bluetooth", "hyper_vib_wifi", "hyper_qml_ib")


def command(folder: Path, *arguments: str) -> list[str | Path]:
    return [SPLITWAVE, "experiment", *arguments, "--preset", "smoke", "--results", folder]


def finished(folder: Path, *arguments: str) -> str:
    answer = subprocess.run(command(folder, *arguments), capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert answer.returncode == ExitCode.OK, answer.stderr
    return answer.stdout


class Sweep:
    """A running sweep that has finished its first trial, and its worker processes."""

    def __init__(self, folder: Path) -> None:
        # Background jobs of a script ignore SIGINT, and so would a sweep started by tests that run in such a job.
        self.process = subprocess.Popen(
            ["env", "--default-signal=INT", *command(folder, "run", *FIGURES, "--jobs", "2")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        self._workers: list[int] = []

    def begin(self) -> None:
        """Wait until the first trial has finished."""
        assert self.process.stdout is not None
        self.plan = self.process.stdout.readline()
        self.first = self.process.stdout.readline()
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._workers = [os.pidfd_open(int(child)) for child in children]
        assert len(self._workers) >= 2

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send SIGINT to all processes, like a terminal, or another signal to the command; returns code and errors."""
        if number is signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, errors

    def close(self) -> None:
        """Kill all remaining processes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        for fd in self._workers:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            os.close(fd)

    def workers_ended(self) -> bool:
        return all(select.select([fd], [], [], LIMIT_S)[0] for fd in self._workers)


@pytest.mark.parametrize("figures", [FIGURES, HYPER_VIB], ids=["qml-ib", "hyper-vib"])
def test_the_smoke_preset_makes_every_figure_and_the_next_run_has_nothing_left(
    figures: tuple[str, ...], tmp_path: Path
) -> None:
    output = finished(tmp_path, "run", *figures)
    made = [str(tmp_path / "smoke" / f"{name}{kind}") for name in figures for kind in (".csv", ".png", ".pdf")]
    assert output.splitlines()[-len(made) :] == made
    for name in figures:
        for row in read(tmp_path / "smoke" / f"{name}.csv"):
            # The squared error of answers that ignore the input is the variance of the delays.
            asked = DATA_SETS.load(row.data).TASK
            most = 1.1 * asked.scale_ns**2 if isinstance(asked, Regression) else 1.0
            assert row.test_error is None or 0 <= row.test_error < most
        assert (tmp_path / "smoke" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (tmp_path / "smoke" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert re.match(r"0 of \d+ trainings are left\n", finished(tmp_path, "run", *figures))


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    running = Sweep(tmp_path)
    try:
        running.begin()
        yield running
    finally:
        running.close()


def test_ctrl_c_keeps_finished_trials_and_the_next_run_continues(sweep: Sweep, tmp_path: Path) -> None:
    total = int(sweep.plan.split()[0])
    code, errors = sweep.end(signal.SIGINT)
    assert (code, errors.splitlines()) == (
        ExitCode.INTERRUPTED,
        ["interrupted: everything that was started has been stopped"],
    )
    assert sweep.workers_ended()
    kept = len(list((tmp_path / "smoke" / "trials").glob("*.json")))
    assert kept >= 1
    assert finished(tmp_path, "run", *FIGURES, "--dry-run").startswith(f"{total - kept} of {total} trainings are left")


def test_workers_do_not_outlive_a_killed_sweep(sweep: Sweep) -> None:
    assert sweep.end(signal.SIGKILL)[0] == -signal.SIGKILL
    assert sweep.workers_ended()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("run", "fig9"), "no experiment fig9: the experiments are fig2a, "),
        (("run", "fig3", "--seeds", "11"), "--seeds 11: at most 10"),
        (("run", "fig3", "--method", "magic"), "--method magic: expected one of qml-ib, vddib-sr, vib"),
        (("plot", "fig3"), "fig3.csv does not exist: `splitwave experiment run fig3` writes it"),
    ],
)
def test_invalid_requests_are_reported_in_one_line(arguments: tuple[str, ...], error: str, tmp_path: Path) -> None:
    answer = subprocess.run(command(tmp_path, *arguments), capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert answer.returncode in (ExitCode.CONFIG, ExitCode.DATA)
    (line,) = answer.stderr.splitlines()
    assert line.startswith("error: ")
    assert error in line
