"""A supervisor of small real processes: it detects failures, reports the root cause and leaves no process behind."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from splitwave.common.errors import AddressError, DataError, RunFailedError
from splitwave.testbed.processes.child import Child
from splitwave.testbed.processes.supervisor import Supervisor
from tests.limits import LIMIT_S

Scenario = Callable[[Supervisor], Coroutine[object, object, None]]


def supervise(log_dir: Path, scenario: Scenario) -> list[Child]:
    """Run a scenario under a supervisor; returns the children that it started, all of which have ended."""
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


def test_a_service_that_ends_before_it_serves_is_reported_as_the_cause(
    module: Callable[[str], str], tmp_path: Path
) -> None:
    service = module("print('port 80 is taken', file=sys.stderr)\nsys.exit(4)")

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("channel", [service], announces=True)
        assert await child.address() == ""
        await supervisor.guard(forever())

    with pytest.raises(AddressError, match=r"channel ended with exit code 4 \(ADDRESS\).*\n  port 80 is taken"):
        supervise(tmp_path, scenario)


def test_a_killed_process_is_named_with_the_end_of_its_log(module: Callable[[str], str], tmp_path: Path) -> None:
    service = module("""
        print("about to go", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)

    async def scenario(supervisor: Supervisor) -> None:
        await supervisor.start("device-1", [service], finishes=True)
        await supervisor.guard(forever())

    with pytest.raises(RunFailedError, match=r"device-1 was killed by SIGKILL; the end of its log:\n  about to go"):
        supervise(tmp_path, scenario)


def test_the_root_cause_is_reported_instead_of_the_process_that_lost_it(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.SETTLE_S", LIMIT_S)
    reporter, cause = module("sys.exit(7)"), module("sys.exit(3)")

    async def scenario(supervisor: Supervisor) -> None:
        basestation = await supervisor.start("basestation", [reporter], finishes=True)
        await basestation.exited()  # the consequence is noticed first
        await supervisor.start("device-0", [cause], finishes=True)
        await supervisor.guard(forever())

    with pytest.raises(DataError, match="device-0 ended with exit code 3"):
        supervise(tmp_path, scenario)


def test_work_that_fails_while_all_processes_run_keeps_its_error(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.SETTLE_S", 0.05)
    service = module(UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        await supervisor.start("channel", [service])

        async def work() -> None:
            raise RunFailedError("the loss is not a number")

        await supervisor.guard(work())

    with pytest.raises(RunFailedError, match="the loss is not a number"):
        supervise(tmp_path, scenario)


def test_the_result_of_work_is_returned_if_only_finishing_processes_end(
    module: Callable[[str], str], tmp_path: Path
) -> None:
    leaver, stayer = module("pass"), module(UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        device = await supervisor.start("device-0", [leaver], finishes=True)
        await supervisor.start("channel", [stayer])
        await device.exited()

        async def work() -> int:
            return 42

        assert await supervisor.guard(work()) == 42

    supervise(tmp_path, scenario)


def test_a_process_that_exits_but_may_not_finish_is_an_error(module: Callable[[str], str], tmp_path: Path) -> None:
    leaver = module("pass")

    async def scenario(supervisor: Supervisor) -> None:
        await supervisor.start("channel", [leaver])
        await supervisor.guard(forever())

    with pytest.raises(RunFailedError, match="channel exited before the run was over"):
        supervise(tmp_path, scenario)


def test_while_waiting_for_exits_no_exit_is_an_error_and_all_processes_end(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.GRACE_S", 0.05)
    stayer, failer = module(UNTIL_LIFELINE_ENDS), module(UNTIL_LIFELINE_ENDS + "\nsys.exit(7)")
    children = []

    async def scenario(supervisor: Supervisor) -> None:
        children.append(await supervisor.start("device-0", [stayer], finishes=True))
        children.append(await supervisor.start("device-1", [failer], finishes=True))
        await supervisor.wait_for_exit(children)

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
        await child.address()  # from here on it ignores SIGTERM

    (child,) = supervise(tmp_path, scenario)
    assert is_gone(child.pid)


def test_processes_are_stopped_even_if_the_event_loop_ends_early(
    module: Callable[[str], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = module(SERVE + UNTIL_LIFELINE_ENDS)

    async def scenario(supervisor: Supervisor) -> None:
        child = await supervisor.start("channel", [service], announces=True)
        await child.address()

        async def work() -> None:
            raise SystemExit(1)  # asyncio leaves its loop at once, and cancels every task

        await supervisor.guard(work())

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
