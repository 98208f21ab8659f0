"""The parts of one query that waits for links."""

from splitwave.basestation.serving.live_query import FusedQuery, Part
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.common.protocol.query_name import QueryName


class WaitingQuery:
    """Keeps parts of one model alone, so that no query is fused from two.

    Attributes:
        name: of the query.
        model: number of the model that its parts are of, or are awaited of.
        parts: by link.
    """

    def __init__(self, name: QueryName) -> None:
        """No part is in."""
        self.name = name
        self.model = 0
        self.parts: dict[int, Part] = {}

    def owes(self, session: LiveSession) -> bool:
        """Whether a part of this session is in, whose outcome it is still owed."""
        return any(part.session is session for part in self.parts.values())

    def add(self, part: Part, current: int) -> list[Part]:
        """Take a part in, in place of one that an earlier session of its link sent.

        If parts come from several models, the newest wins that all their devices have; all of them have `current`.

        Returns:
            The parts that have to be encoded again with `model`, perhaps this one. A part of another model whose
            device is gone cannot be: it is dropped, as if it had not come.
        """
        self.parts[part.link] = part
        numbers = {each.model for each in self.parts.values()} | ({self.model} if self.model else set())
        if len(numbers) > 1:
            self.model = self._common(numbers, current)
        else:
            self.model = part.model
        stale = [each for each in self.parts.values() if each.model != self.model]
        for each in stale:
            del self.parts[each.link]
        return [each for each in stale if not each.session.gone]

    def fused(self) -> FusedQuery:
        """The query, to be decoded with the parts that are in."""
        return FusedQuery(self.name, self.model, tuple(self.parts[link] for link in sorted(self.parts)))

    def _common(self, numbers: set[int], current: int) -> int:
        sessions = [part.session for part in self.parts.values() if not part.session.gone]
        for number in sorted(numbers, reverse=True):
            if all(session.has_loaded(number) for session in sessions):
                return number
        return current
