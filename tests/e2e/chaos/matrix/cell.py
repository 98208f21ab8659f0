"""One cell of the matrix: a run in which one party is killed in one state of the protocol."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.e2e.chaos.by_hand import ByHand
from tests.e2e.chaos.matrix.states import State
from tests.e2e.chaos.message_proxy import Message, message_proxy

CONFIG = RunConfig.model_validate(
    {
        "data": {"validation": 500},
        "encoder": {"dimension": 4},
        "training": {"epochs": 2, "batch_size": 500, "micro_batches": 2},
        "inference": {"latency_samples": 4},
    }
)
"""7 steps per epoch, and 2, 4 and 4 blocks in the passes over validation, test and queries."""
CHECKPOINT_EVERY = 3
POLL_S = 0.01


class Injection:
    """Observes the messages of a run, and kills a party once, in one state.

    Attributes:
        welcomes: of link 0: as many attempts had its device.
        announced: steps that were announced to link 0.
        killed: whether the party was killed.
    """

    def __init__(self, state: State, party: str, testbed: ByHand) -> None:
        self._state = state
        self._party = party
        self._testbed = testbed
        self._seen = 0
        self._prelude_over = state.follows is None
        self._counts: Counter[str] = Counter()
        self.announced: list[int] = []
        self.killed = False

    @property
    def attempts(self) -> int:
        return self._counts["welcome"]

    @property
    def replayed(self) -> int:
        """Steps that were announced again."""
        return len(self.announced) - len(set(self.announced))

    async def observe(self, link: int, message: Message) -> None:
        if link == 0:
            self._counts[str(message.WhichOneof("body"))] += 1
            if isinstance(message, pb.DownlinkMessage) and message.HasField("train_step"):
                self.announced.append(message.train_step.step)
            self._begin(message)
        if link == self._state.link and self._state.matches(message):
            self._seen += 1
            if self._seen == self._state.nth and not self.killed:
                await self._strike()

    def _begin(self, message: Message) -> None:
        before = self._state.follows
        if not self._prelude_over and before is not None and before.matches(message):
            self._prelude_over = True
            assert self._testbed.parties["device-1"].kill()

    async def _strike(self) -> None:
        while not self._state.holds(self._testbed.folder, self._counts.__getitem__):
            await asyncio.sleep(POLL_S)
        self.killed = self._testbed.parties[self._party].kill()


@dataclass(frozen=True)
class Outcome:
    """The outcome of a cell."""

    weights_sha256: str
    killed: bool
    attempts: int
    replayed: int


async def run_cell(state: State, party: str, folder: Path) -> Outcome:
    """Run a cell.

    Raises:
        TimeoutError: the run did not end.
        ValueError: it ended without one result.
    """
    testbed = ByHand(CONFIG, folder, checkpoint_every=CHECKPOINT_EVERY)
    injection = Injection(state, party, testbed)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(testbed.stop)
        basestation = await testbed.start_basestation()
        proxy = await stack.enter_async_context(message_proxy(basestation, injection.observe))
        channel = await testbed.start_channel(proxy)
        for link in range(CONFIG.links):
            await testbed.start_device(link, channel)
        await testbed.finished()
    return Outcome(testbed.weights_sha256(), injection.killed, injection.attempts, injection.replayed)
