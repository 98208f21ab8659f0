"""The queries that ended lately, for their parts that come late."""

from collections import OrderedDict
from collections.abc import Callable

from splitwave.basestation.serving.live_query import Answered
from splitwave.common.protocol.query_name import QueryName

KEPT_ANSWERS = 4096
KEPT_ANSWERS_S = 30.0
"""How many answers are kept, and for how long."""

KEPT_NAMES = 65_536
KEPT_NAMES_S = 600.0
"""How many names of queries are kept without their answers, and for how long. A part that comes after that begins a new
query, as nobody knows any more that its own has ended."""


class EndedQueries:
    """Answers of the last queries, and the names of more; both are bounded by a number and by their age."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Nothing has ended. Args: seconds on a clock that never goes back."""
        self._clock = clock
        self._answers: OrderedDict[QueryName, tuple[float, Answered | None]] = OrderedDict()
        self._names: OrderedDict[QueryName, float] = OrderedDict()

    def add(self, name: QueryName, answered: Answered | None) -> None:
        """Keep the end of a query: its answer, or None if it ended without."""
        self._answers[name] = (self._clock(), answered)
        self._forget()

    def has(self, name: QueryName) -> bool:
        """Whether the end of a query is still kept."""
        self._forget()
        return name in self._answers

    def answer(self, name: QueryName) -> Answered | None:
        """The answer to a query whose end is kept; None if it ended without."""
        return self._answers[name][1]

    def has_forgotten(self, name: QueryName) -> bool:
        """Whether a query is known to have ended, and its end is kept no more."""
        return name in self._names

    def _forget(self) -> None:
        now = self._clock()
        while self._answers:
            name, (ended_s, _) = next(iter(self._answers.items()))
            if len(self._answers) <= KEPT_ANSWERS and now - ended_s <= KEPT_ANSWERS_S:
                break
            del self._answers[name]
            self._names[name] = ended_s
        while self._names:
            name, ended_s = next(iter(self._names.items()))
            if len(self._names) <= KEPT_NAMES and now - ended_s <= KEPT_NAMES_S:
                break
            del self._names[name]
