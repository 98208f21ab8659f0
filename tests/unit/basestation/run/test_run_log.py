"""The events that watchers of a run receive, and their timing."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from splitwave.basestation.run.run_log import RunLog, StatusChanged
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from tests.unit.common.records.test_summary import RESULT


class TestRunLog:
    record = EpochRecord(0, 5, 1.0, (2.0,), 0.5, None, 100.0, 1.0)

    def test_a_late_watcher_receives_every_epoch(self) -> None:
        async def watch_late() -> list[object]:
            log = RunLog()
            log.add(self.record)
            log.close()
            return [event async for event in log.events()]

        assert asyncio.run(watch_late()) == [self.record, StatusChanged()]

    def test_an_epoch_that_a_restarted_run_repeats_is_logged_once(self) -> None:
        async def repeat() -> list[object]:
            log = RunLog()
            later = dataclasses.replace(self.record, epoch=1)
            for record in (self.record, later, self.record, later):
                log.add(record)
            log.close()
            return [event async for event in log.events() if isinstance(event, EpochRecord)]

        assert [event.epoch for event in asyncio.run(repeat()) if isinstance(event, EpochRecord)] == [0, 1]

    def test_the_test_errors_that_a_restarted_run_repeats_are_logged_once(self) -> None:
        async def repeat() -> list[object]:
            log = RunLog()
            for record in (self.record, Evaluation(0.5, 0.25), Evaluation(0.5, 0.25)):
                log.add(record)
            log.close()
            return [event async for event in log.events()]

        assert asyncio.run(repeat()) == [self.record, Evaluation(0.5, 0.25), StatusChanged()]

    @pytest.mark.parametrize("left_with", ["the result", "the epoch"])
    def test_a_watcher_that_leaves_with_the_result_has_had_it(self, left_with: str) -> None:
        async def watch() -> bool:
            log = RunLog()
            log.add(self.record)
            log.add(RESULT)
            events = log.events()
            async for event in events:
                if isinstance(event, RunResult) or left_with == "the epoch":
                    break
            await events.aclose()  # as a call that its client ends; the log is closed later
            waiting = asyncio.create_task(log.wait_until_delivered())
            for _ in range(10):
                await asyncio.sleep(0)  # gives it the chance to end
            delivered = waiting.done()
            waiting.cancel()
            return delivered

        assert asyncio.run(watch()) is (left_with == "the result")

    def test_progress_is_reported_at_intervals_and_other_changes_at_once(self) -> None:
        async def follow() -> list[int]:
            now = [100.0]
            log = RunLog(lambda: now[0])
            seen: asyncio.Queue[object] = asyncio.Queue()

            async def watch() -> None:
                async for event in log.events():
                    seen.put_nowait(event)

            async def events_after(change: Callable[[], None], at_s: float) -> int:
                now[0] = at_s
                change()
                for _ in range(10):
                    await asyncio.sleep(0)  # gives the watcher the chance to run
                count = seen.qsize()
                while not seen.empty():
                    seen.get_nowait()
                return count

            watcher = asyncio.create_task(watch())
            await seen.get()
            counts = [await events_after(log.progress, at_s) for at_s in (100.0, 100.1, 100.19, 100.21, 100.3)]
            counts.append(await events_after(log.touch, 100.31))
            counts.append(await events_after(log.close, 100.32))
            await watcher
            return counts

        assert asyncio.run(follow()) == [1, 0, 0, 1, 0, 1, 1]

    def test_a_watcher_follows_until_the_log_is_closed(self) -> None:
        async def follow() -> list[object]:
            log = RunLog()
            seen: asyncio.Queue[object] = asyncio.Queue()

            async def watch() -> None:
                async for event in log.events():
                    seen.put_nowait(event)

            watcher = asyncio.create_task(watch())
            events = [await seen.get()]
            log.add(self.record)
            events += [await seen.get(), await seen.get()]
            log.close()
            await watcher
            return [*events, seen.get_nowait()]

        assert asyncio.run(follow()) == [StatusChanged(), self.record, StatusChanged(), StatusChanged()]
