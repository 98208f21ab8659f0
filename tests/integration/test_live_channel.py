"""Links of an emulator change while a run serves: each query is answered as over the static channel of its state."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitwave.basestation.run.answer_log import AnswerLog
from splitwave.basestation.run.policy import Policy
from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.control.live_state import LiveState
from splitwave.channel.control.state_file import StateFile
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.channel_changes import ChannelChange, PlannedValues
from splitwave.common.protocol.live_channel import NO_VALUES, ChannelValues
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.results import RunResult
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.testbed.channel_client import ChannelClient, connected
from splitwave.testbed.control_client import ask_status
from tests.integration.emulators import emulator
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.testbed import DeviceThread, tiny_data
from tests.limits import LIMIT_S

QUERIES = 8
TWO_LINKS = CONFIG.model_copy(
    update={"links": 2, "inference": CONFIG.inference.model_copy(update={"latency_samples": QUERIES})}
)
BAD = ChannelValues(psnr_db=-20.0)
DATA = tiny_data(2)


@dataclass
class Stream:
    """A run that serves, and the emulator in front of its base station."""

    running: Servers
    basestation: str
    state: Path
    channel: str = ""

    async def until(self, queries: int) -> int:
        """Wait for so many more answers; returns how many there are."""
        goal = (await ask_status(self.basestation)).queries + queries
        while (answered := (await ask_status(self.basestation)).queries) < goal:
            assert not self.running.run.done()
        return answered

    @asynccontextmanager
    async def emulator(self) -> AsyncIterator[None]:
        """Run the emulator; a second one goes on at the address of the first."""
        control = LiveControl(StateFile(self.state))
        async with emulator(self.basestation, control, self.channel or "127.0.0.1:0") as self.channel:
            yield

    async def operated(self, operate: "Operate", *, last: bool) -> None:
        """Let an operator do something, the last thing before the run ends."""
        async with connected(self.channel) as client:
            await operate(self, client)
        if last:
            self.running.stop.set()
            await self.running.run


Operate = Callable[[Stream, ChannelClient], Awaitable[None]]


def served(
    operate: Operate, folder: Path, after_restart: Operate | None = None
) -> tuple[RunResult, list[dict[str, Any]]]:
    """Serve while an operator does something, and then perhaps more, after the emulator was started again.

    Returns:
        The result, and the answers of all passes.
    """
    folder.mkdir(exist_ok=True)

    async def play() -> RunResult:
        policy, log = Policy(rejoin_s=LIMIT_S, serve_every_s=0.001), AnswerLog(folder / "answers.jsonl")
        async with servers(folder, TWO_LINKS, policy, observers=[log]) as running:
            stream = Stream(running, running.addresses["base station"], folder / "channel")
            async with stream.emulator():
                devices = [DeviceThread(stream.channel, link, DATA.views, folder) for link in (0, 1)]
                await stream.operated(operate, last=after_restart is None)
            if after_restart is not None:
                async with stream.emulator():
                    await stream.operated(after_restart, last=True)
            result = running.run.result()
            for device in devices:
                await device.join()
                assert device.error is None
        assert result is not None
        return result

    result = asyncio.run(play())
    lines = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    return result, lines


def static_answers(config: RunConfig, values: ChannelValues, passes: int) -> dict[tuple[int, int], int]:
    """By pass and query, the answers where link 0 has this PSNR by its settings."""
    oracle = InprocessRun(config, DATA.views, DATA.labels.train, DATA.labels.test)
    list(oracle.train(lambda _: None))
    oracle.evaluate(Phase.TEST, 0, Symbols.HARD)  # it sends the levels
    if values != NO_VALUES:
        oracle.tune(psnr_db=[values.psnr_db, 10.0])  # type: ignore[arg-type]
    return {
        (number, query): int(block.answers[0])
        for number in range(passes)
        for query, block in enumerate(oracle.answered_blocks(Phase.SERVE, number, Symbols.HARD))
    }


def values_of(line: dict[str, Any]) -> ChannelValues:
    """The values of link 0 that a query met; link 1 must be as in the settings."""
    if "channel" not in line:
        return NO_VALUES
    first, second = line["channel"]
    assert second == {"version": 0}
    return ChannelValues(**{name: value for name, value in first.items() if name != "version"})


def check_answers(lines: list[dict[str, Any]]) -> None:
    """Check that no query of a pass is missing, and each answer is that of the static channel of its state."""
    passes = 1 + max(line["stream"] for line in lines)
    by_state = defaultdict(list)
    for line in lines:
        by_state[values_of(line)].append(line)
    for values, of_state in by_state.items():
        expected = static_answers(TWO_LINKS, values, passes)
        assert [line["answer"] for line in of_state] == [
            expected[line["stream"], line["sequence"]] for line in of_state
        ]
    good, bad = (static_answers(TWO_LINKS, values, passes) for values in (NO_VALUES, BAD))
    assert any(good[name] != bad[name] for name in good)  # else no answer could be attributed wrongly


def names(lines: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(line["stream"], line["sequence"]) for line in lines]


def test_a_change_during_a_stream_loses_no_query_and_attributes_each_to_its_state(tmp_path: Path) -> None:
    async def operate(stream: Stream, client: ChannelClient) -> None:
        await stream.until(2 * QUERIES)
        await client.set([ChannelChange(0, BAD)])
        await stream.until(3 * QUERIES)
        await client.set([ChannelChange(0, reset=frozenset({"psnr_db"}))])
        await stream.until(2 * QUERIES)

    result, lines = served(operate, tmp_path)

    passes = result.queries.queries // QUERIES
    assert names(lines) == [(number, query) for number in range(passes) for query in range(QUERIES)]
    check_answers(lines)
    by_version = {each.channels[0].version: each.totals.queries for each in result.by_channel}
    counted = [line["channel"][0]["version"] if "channel" in line else 0 for line in lines]
    assert by_version == {version: counted.count(version) for version in (0, 1, 2)}
    assert sorted(counted) == counted
    assert min(by_version.values()) >= QUERIES


def test_a_plan_that_is_replayed_twice_gives_the_same_answers_whatever_the_time(tmp_path: Path) -> None:
    rows = [PlannedValues(0, 2, BAD), PlannedValues(0, 5, ChannelValues(psnr_db=10.0)), PlannedValues(0, 7, BAD)]

    async def plan_late(stream: Stream, client: ChannelClient) -> None:
        await stream.until(QUERIES)
        await client.plan(rows)
        await stream.until(3 * QUERIES)

    async def only_wait(stream: Stream, _client: ChannelClient) -> None:
        await stream.until(passes * QUERIES)

    _, late = served(plan_late, tmp_path / "late")
    passes = 1 + max(line["stream"] for line in late)
    StateFile(tmp_path / "before" / "channel").write(LiveState().planned(rows))
    _, before = served(only_wait, tmp_path / "before")

    planned = [
        {name: line for name, line in zip(names(lines), lines, strict=True) if "channel" in line}
        for lines in (late, before)
    ]
    common = planned[0].keys() & planned[1].keys()
    assert len(common) >= QUERIES
    assert all(planned[0][name] == planned[1][name] for name in common)
    versions = {line["channel"][0]["version"] for line in planned[0].values()}
    assert versions == {1, 2, 3}
    check_answers(before)


def test_a_restarted_emulator_serves_under_the_state_that_was_set(tmp_path: Path) -> None:
    async def operate(stream: Stream, client: ChannelClient) -> None:
        await stream.until(QUERIES)
        await client.set([ChannelChange(0, BAD)])
        await stream.until(QUERIES)

    async def check(stream: Stream, client: ChannelClient) -> None:
        assert (await client.list()).version == 1
        await stream.until(2 * QUERIES)

    result, lines = served(operate, tmp_path, check)

    after = [each for each in result.by_channel if each.channels[0].version == 1]
    assert len(after) == 1
    assert {each.channels[0].version for each in result.by_channel} == {0, 1}
    assert lines[-1]["channel"][0] == {"version": 1, "psnr_db": -20.0}
