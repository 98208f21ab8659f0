"""The devices' own side of live queries against a station, while its model changes."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import groupby
from pathlib import Path

import numpy as np

from splitwave.common.protocol.live_messages import Outcome, QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.device.live.reply import Reply
from splitwave.device.live.station_connection import StationConnection
from splitwave.testbed.control_client import deploy, roll_back
from tests.integration.live_stations import export, station
from tests.integration.test_live_queries import TWO_LINKS
from tests.limits import LIMIT_S

RATE_PER_S = 50  # a process for all parties answers not many more
SAMPLE = np.linspace(0, 1, 392, dtype=np.float32)


class Load:
    """Submits queries at a fixed rate on all links, from a thread of its own, until `end`.

    Attributes:
        replies: by query, those of its links.
    """

    def __init__(self, links: Sequence[StationConnection]) -> None:
        self.replies: list[list[Future[Reply]]] = []
        self._links = links
        self._ended = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def wait_for_model(self, model: int) -> None:
        """Wait until a query that was submitted from now on is answered by a model."""
        first = len(self.replies)
        async with asyncio.timeout(LIMIT_S):
            while (found := await self._answered.get()) < (first, 0) or found[1] != model:
                pass

    async def end(self) -> list[list[QueryAnswer]]:
        """Submit no more; all answers, by query and link."""
        self._ended.set()
        await asyncio.to_thread(self._thread.join)
        async with asyncio.timeout(LIMIT_S):
            replies = [[await asyncio.wrap_future(reply) for reply in of] for of in self.replies]
        return [[reply.answer for reply in of] for of in replies]

    def _run(self) -> None:
        begun = time.monotonic()
        while not self._ended.wait(max(0.0, begun + len(self.replies) / RATE_PER_S - time.monotonic())):
            number = len(self.replies)
            replies = [link.submit(QueryName(0, number), SAMPLE) for link in self._links]
            replies[0].add_done_callback(lambda reply, number=number: self._note(number, reply))  # type: ignore[misc]
            self.replies.append(replies)

    def _note(self, number: int, reply: Future[Reply]) -> None:
        self._loop.call_soon_threadsafe(self._answered.put_nowait, (number, reply.result().answer.model))


def test_real_devices_change_the_model_and_back_without_losing_a_query(tmp_path: Path) -> None:
    for seed in (1, 2):
        export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed)

    async def scenario() -> list[list[QueryAnswer]]:
        async with station(tmp_path / "1") as served:
            links = [StationConnection(served.uplink, TorchEncoder.open, link=link) for link in (0, 1)]
            try:
                for link in links:
                    await asyncio.to_thread(link.connect)
                load = Load(links)
                await load.wait_for_model(1)
                assert (await deploy(served.address, tmp_path / "2")).devices == 2
                await load.wait_for_model(2)
                assert (await roll_back(served.address)).number == 1
                await load.wait_for_model(1)
                assert (await roll_back(served.address)).number == 2
                await load.wait_for_model(2)
                return await load.end()
            finally:
                for link in links:
                    await asyncio.to_thread(link.close)

    answers = asyncio.run(scenario())
    assert Counter(answer.outcome for of in answers for answer in of) == {Outcome.ANSWERED: 2 * len(answers)}
    for first, second in answers:
        assert (first.model, first.answers) == (second.model, second.answers)
        assert first.probabilities is not None
        np.testing.assert_array_equal(first.probabilities, second.probabilities)
    assert [model for model, _ in groupby(of[0].model for of in answers)] == [1, 2, 1, 2]
