"""A supervisor of small real processes that starts them again when they are killed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.testbed.processes.process_death import Death
from splitwave.testbed.processes.supervisor import Supervisor
from tests.unit.testbed.processes.test_supervisor import UNTIL_LIFELINE_ENDS, forever

COUNT_STARTS = (
    "starts = open('starts', 'a+'); starts.write('x'); starts.flush(); starts.seek(0); n = len(starts.read())\n"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the test, in which the processes count their starts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_killed_server_is_started_again_on_its_port_with_its_options_and_log(
    module: Callable[[str], str], here: Path
) -> None:
    service = module(
        COUNT_STARTS
        + "print(*sys.argv[1:3], 'again' * ('--resume' in sys.argv), file=sys.stderr, flush=True)\n"
        + "os.write(int(sys.argv[-1].removeprefix('--ready-fd=')), b'127.0.0.1:4711\\n')\n"
        + "if n == 1: os.kill(os.getpid(), signal.SIGKILL)\n"
        + UNTIL_LIFELINE_ENDS
    )
    restarts: list[tuple[str, int, int]] = []
    again = asyncio.Event()

    def note(death: Death, count: int) -> None:
        restarts.append((death.child.role, death.exit_code, count))
        again.set()

    async def main() -> None:
        async with Supervisor(here, 1, note) as supervisor:
            arguments = [service, "--listen=127.0.0.1:0", "--log"]
            child = await supervisor.start("basestation", arguments, announces=True, again=("--resume",))
            first = child.pid
            assert await supervisor.address_of(child) == "127.0.0.1:4711"
            await supervisor.guard(again.wait())
            await child.ready.wait()
            assert child.pid != first

    asyncio.run(main())
    assert restarts == [("basestation", -9, 1)]
    first, second = (here / "basestation.log").read_text().splitlines()
    assert (first, second) == ("--listen=127.0.0.1:0 --log ", "--listen=127.0.0.1:4711 --log again")


def test_a_process_that_keeps_dying_is_named_with_the_number_of_its_restarts(
    module: Callable[[str], str], here: Path
) -> None:
    service = module("print('no luck', file=sys.stderr, flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)")

    async def main() -> None:
        async with Supervisor(here, 2) as supervisor:
            await supervisor.start("device-1", [service], finishes=True)
            await supervisor.guard(forever())

    error = (
        r"device-1 was killed by SIGSEGV after it had been started again 2 times; the end of its log:\n  no luck\n"
        r"  no luck\n  no luck$"
    )
    with pytest.raises(RunFailedError, match=error):
        asyncio.run(main())


@pytest.mark.parametrize("code", [2, 3, 4, 6, 8, 10])
def test_an_error_that_a_restart_cannot_repair_ends_the_testbed_at_once(
    module: Callable[[str], str], here: Path, code: int
) -> None:
    service = module(COUNT_STARTS + f"sys.exit({code})")

    async def main() -> None:
        async with Supervisor(here, 3) as supervisor:
            await supervisor.start("device-0", [service], finishes=True)
            await supervisor.guard(forever())

    with pytest.raises(SplitwaveError, match=f"device-0 ended with exit code {code} "):
        asyncio.run(main())
    assert (here / "starts").read_text() == "x"


def test_a_process_that_lost_a_killed_peer_is_started_again_although_its_end_is_noticed_first(
    module: Callable[[str], str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.SETTLE_S", 1.0)
    loser = module(COUNT_STARTS + "if n == 1: sys.exit(7)\n" + UNTIL_LIFELINE_ENDS)
    stayer = module(UNTIL_LIFELINE_ENDS)
    restarted: list[str] = []
    both = asyncio.Event()

    def note(death: Death, count: int) -> None:
        assert count == 1
        restarted.append(death.child.role)
        if len(restarted) == 2:
            both.set()

    async def main() -> None:
        async with Supervisor(here, 1, note) as supervisor:
            channel = await supervisor.start("channel", [stayer])
            device = await supervisor.start("device-0", [loser], finishes=True)
            await device.exited()
            channel.kill()
            await supervisor.guard(both.wait())

    asyncio.run(main())
    assert sorted(restarted) == ["channel", "device-0"]


def test_a_run_that_fails_by_itself_is_not_tried_again(module: Callable[[str], str], here: Path) -> None:
    failer = module(COUNT_STARTS + "sys.exit(7)")

    async def main() -> None:
        async with Supervisor(here, 3) as supervisor:
            basestation = await supervisor.start("basestation", [failer], finishes=True)

            async def work() -> None:
                await basestation.exited()
                raise RunFailedError("training diverged")

            await supervisor.guard(work())

    with pytest.raises(RunFailedError, match=r"basestation ended with exit code 7"):
        asyncio.run(main())
    assert (here / "starts").read_text() == "x"


def test_a_device_that_ended_well_is_started_again_if_its_run_is_not_over(
    module: Callable[[str], str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.testbed.processes.supervisor.OVER_LIMIT_S", 0.05)
    leaver, stayer = module(COUNT_STARTS + "if n > 1: sys.stdin.read()"), module(UNTIL_LIFELINE_ENDS)
    again = asyncio.Event()

    async def main() -> None:
        async with Supervisor(here, 1, lambda _death, _count: again.set()) as supervisor:
            await supervisor.start("basestation", [stayer], finishes=True)
            device = await supervisor.start("device-0", [leaver], finishes=True)
            await supervisor.guard(again.wait())
            assert device.is_running

    asyncio.run(main())
