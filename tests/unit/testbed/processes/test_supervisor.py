"""A supervisor over real, tiny processes: what it notices, whom it blames, what it leaves behind (nothing)."""

import asyncio
import os
import textwrap
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from splitwave.common.errors import AddressError, DataError, RunFailedError
from splitwave.testbed.processes.child import Child
from splitwave.testbed.processes.supervisor import Supervisor
from tests.limits import LIMIT_S

Scenario = Callable[[Supervisor], Coroutine[object, object, None]]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a module that a supervisor can start; returns its name."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(body: str) -> str:
        name = f"service_{len(list(tmp_path.glob('*.py')))}"
        (tmp_path / f"{name}.py").write_text("import os, signal, sys\n" + textwrap.dedent(body))
        return name

    return write


def supervise(log_dir: Path, scenario: Scenario) -> list[Child]:
    """Run a scenario under a supervisor; returns the children that it started, all of them gone."""
    children: list[Child] = []

    async def main() -> None:
        async with Supervisor(log_dir) as supervisor:
            try:
                await scenario(supervisor)
            finally:
                children.extend(supervisor.children)

    try:
        asyncio.run(main())
    finally:
        assert all(is_gone(child.pid) for child in children)
    return children


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def forever() -> None:
    await asyncio.Event().wait()


UNTIL_LIFELINE_ENDS = "sys.stdin.read()\n"
SERVE = "os.write(int(sys.argv[1].removeprefix('--ready-fd=')), b'127.0.0.1:4711\\n')\n"


def test_a_service_announces_its_address(module: Callable[[str], str], tmp_path: Path) -> None:
    service = module(SERVE + UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("channel", [service], announces=True)
        assert await child.address() == "127.0.0.1:4711"

    supervise(tmp_path, scenario)


def test_a_service_that_dies_before_it_serves_announces_nothing_and_is_blamed(
    module: Callable[[str], str], tmp_path: Path
) -> None:
    service = module("print('port 80 is taken', file=sys.stderr)\nsys.exit(4)")

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("channel", [service], announces=True)
        assert await child.address() == ""
        await supervisor.unless_one_dies(forever())

    with pytest.raises(AddressError, match=r"channel ended with exit code 4 \(ADDRESS\).*\n  port 80 is taken"):
        supervise(tmp_path, scenario)


def test_a_killed_process_is_named_with_its_last_words(module: Callable[[str], str], tmp_path: Path) -> None:
    service = module("""
        print("about to go", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)

    async def scenario(supervisor: Supervisor) -> None:
        await supervisor.start("device-1", [service], finishes=True)
        await supervisor.unless_one_dies(forever())

    with pytest.raises(RunFailedError, match=r"device-1 was killed by SIGKILL; its last words:\n  about to go"):
        supervise(tmp_path, scenario)


def test_the_cause_is_blamed_not_who_reports_the_loss_of_it(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.SETTLE_S", LIMIT_S)
    reporter, cause = module("sys.exit(7)"), module("sys.exit(3)")

    async def scenario(supervisor: Supervisor) -> None:
        basestation = await supervisor.start("basestation", [reporter], finishes=True)
        await basestation.exited()  # the consequence is heard of first
        await supervisor.start("device-0", [cause], finishes=True)
        await supervisor.unless_one_dies(forever())

    with pytest.raises(DataError, match="device-0 ended with exit code 3"):
        supervise(tmp_path, scenario)


def test_work_that_fails_by_itself_keeps_its_error_while_all_processes_live(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.SETTLE_S", 0.05)
    service = module(UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        await supervisor.start("channel", [service])

        async def work() -> None:
            raise RunFailedError("the loss is not a number")

        await supervisor.unless_one_dies(work())

    with pytest.raises(RunFailedError, match="the loss is not a number"):
        supervise(tmp_path, scenario)


def test_work_that_outlives_no_process_gives_its_outcome(module: Callable[[str], str], tmp_path: Path) -> None:
    leaver, stayer = module("pass"), module(UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        device = await supervisor.start("device-0", [leaver], finishes=True)
        await supervisor.start("channel", [stayer])
        await device.exited()

        async def work() -> int:
            return 42

        assert await supervisor.unless_one_dies(work()) == 42

    supervise(tmp_path, scenario)


def test_a_process_that_may_not_finish_is_blamed_for_leaving(module: Callable[[str], str], tmp_path: Path) -> None:
    leaver = module("pass")

    async def scenario(supervisor: Supervisor) -> None:
        await supervisor.start("channel", [leaver])
        await supervisor.unless_one_dies(forever())

    with pytest.raises(RunFailedError, match="channel left before the run was over"):
        supervise(tmp_path, scenario)


def test_after_the_farewell_no_process_is_blamed_and_none_stays(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.GRACE_S", 0.05)
    stayer, failer = module(UNTIL_LIFELINE_ENDS), module(UNTIL_LIFELINE_ENDS + "\nsys.exit(7)")
    children = []

    async def scenario(supervisor: Supervisor) -> None:
        children.append(await supervisor.start("device-0", [stayer], finishes=True))
        children.append(await supervisor.start("device-1", [failer], finishes=True))
        await supervisor.farewell(children)

    supervise(tmp_path, scenario)
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.GRACE_S", 0.05)
    stubborn = module("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE + "while True: signal.pause()")

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("channel", [stubborn], announces=True)
        await child.address()  # by now it ignores SIGTERM

    (child,) = supervise(tmp_path, scenario)
    assert is_gone(child.pid)


def test_an_event_loop_that_ends_early_still_outlives_its_processes(
    module: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = module(SERVE + UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("channel", [service], announces=True)
        await child.address()

        async def work() -> None:
            raise SystemExit(1)  # asyncio leaves its loop at once, and cancels every task

        await supervisor.unless_one_dies(work())

    with pytest.raises(SystemExit):
        supervise(tmp_path, scenario)
    assert caplog.messages == []  # as the child watcher's "Loop … is closed"


def test_settings_in_the_environment_do_not_reach_a_service(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLITWAVE_SEED", "3")
    service = module("sys.exit(sum(name.startswith('SPLITWAVE_') for name in os.environ))")

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("device-0", [service], finishes=True)
        assert await child.exited() == 0

    supervise(tmp_path, scenario)
