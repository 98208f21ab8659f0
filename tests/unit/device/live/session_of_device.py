"""A session of a live device with all that it sends, in place of a connection."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from splitwave.common.errors import CheckpointError
from splitwave.common.protocol.blocks import LevelPayload, SymbolBlock
from splitwave.common.protocol.live_messages import ModelChunk, Outcome, QueryAnswer
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Uplink, Welcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.timing import Stamps
from splitwave.device.inference.encoder import LiveEncoder
from splitwave.device.live.live_models import LiveModels
from splitwave.device.live.model_receiver import ModelReceiver
from splitwave.device.live.pending_queries import PendingQueries, PendingQuery
from splitwave.device.live.session import LiveSession

OLD, NEW = "a" * 12, "b" * 12
SAMPLE = np.array([1, -1, 1], dtype=np.float32)


Opens = LiveEncoder | CheckpointError | None


class Device:
    """A session with what it sends."""

    def __init__(self, receiver: ModelReceiver, encoder: LiveEncoder | None, opens: Opens = None) -> None:
        self.sent: list[Uplink] = []
        self.pending = PendingQueries()
        self.models = LiveModels(encoder)
        self.ready = False
        self._receiver, self._opens = receiver, opens
        self.connect()

    def connect(self) -> None:
        self.sent.clear()
        self.session = LiveSession(
            Hello(PROTOCOL_VERSION, "live", "", None, 4, self.models.version),
            models=self.models,
            pending=self.pending,
            receiver=self._receiver,
            open_encoder=self._open,
            ready=self._become_ready,
            clock=lambda: 1,
        )
        self.session.send_with(self.sent.append)

    def welcome(self, number: int = 5, version: str = OLD, link: int = 0) -> None:
        self.session.handle(Welcome(PROTOCOL_VERSION, "run", link, "{}", None, None, number, version), 0)

    def send_model(self, number: int, version: str = NEW) -> None:
        self.session.handle(ModelChunk(number, version, "a", 0, b"", last=True), 0)

    def submit(self, sequence: int) -> PendingQuery:
        query = PendingQuery(QueryName(0, sequence), SAMPLE, 0)
        self.pending.add(query)
        self.session.submit(query)
        return query

    def _become_ready(self) -> None:
        self.ready = True

    def _open(self, _folder: Path) -> LiveEncoder:
        if isinstance(self._opens, CheckpointError):
            raise self._opens
        assert self._opens is not None
        return self._opens


def parts(sent: list[Uplink]) -> list[tuple[int, int, int, list[int]]]:
    """The sequence number of the stream, the query, the model and the levels of each block."""
    found = []
    for body in sent:
        if isinstance(body, SymbolBlock):
            assert isinstance(body.payload, LevelPayload)
            name = QueryName.of(body.key)
            found.append((body.sequence, name.sequence, body.model, body.payload.indices[0].tolist()))
    return found


def codebooks(sent: list[Uplink]) -> list[tuple[int, bool]]:
    """The codebook version of each block, and whether the levels came with it."""
    payloads = [body.payload for body in sent if isinstance(body, SymbolBlock)]
    return [(each.codebook_version, each.codebook is not None) for each in payloads if isinstance(each, LevelPayload)]


def answer(query: PendingQuery) -> QueryAnswer:
    return QueryAnswer(query.name.key, Outcome.ANSWERED, Stamps(1, 2, 3, 4), np.array([3], np.uint8), (0, 1), model=5)


Make = Callable[..., Device]
