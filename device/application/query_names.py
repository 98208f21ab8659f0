"""The names of the queries that an application submits: counted, given, or made from capture times."""

import math
import threading

from splitwave.common.errors import ConfigError, ProtocolError
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.application.sample import SampleError

_NS_PER_MS = 1_000_000


class QueryNames:
    """Names queries; any thread may call it."""

    def __init__(self, stream: int = 0, capture_period_ms: float | None = None) -> None:
        """Begin every stream with query 0.

        Args:
            stream: of queries for which the application names none.
            capture_period_ms: the time between captures, which all devices share; None where no capture times are used.

        Raises:
            ConfigError: a number is out of range.
        """
        try:
            QueryName(stream, 0)
        except ProtocolError as error:
            raise ConfigError(str(error)) from None
        self._stream = stream
        self._period_ns = None if capture_period_ms is None else _nanoseconds(capture_period_ms)
        self._next: dict[int, int] = {}
        self._under_way: set[QueryName] = set()
        self._lock = threading.Lock()

    def begin(
        self, stream: int | None = None, sequence: int | None = None, captured_ns: int | None = None
    ) -> QueryName:
        """Name a query, which is under way until `end`.

        Args:
            stream: None for the default.
            sequence: None for the one after the highest of the stream, unless a capture time decides.
            captured_ns: in nanoseconds of a clock that all devices share.

        Raises:
            SampleError: a number is out of range, both are given, a capture time comes without a period, or a query of
                this name is under way.
        """
        if sequence is not None and captured_ns is not None:
            raise SampleError(f"sequence = {sequence} and captured_ns = {captured_ns} of a query: give one of them")
        if captured_ns is not None and self._period_ns is None:
            raise SampleError(f"captured_ns = {captured_ns} of a query: the device has no capture period")
        of_stream = self._stream if stream is None else stream
        try:
            with self._lock:
                if captured_ns is not None and self._period_ns is not None:
                    name = QueryName.captured_at(of_stream, captured_ns, self._period_ns)
                else:
                    name = self._counted(of_stream, sequence)
                if name in self._under_way:
                    raise SampleError(f"{name} was submitted before, and waits for its answer")
                self._under_way.add(name)
        except ProtocolError as error:
            raise SampleError(str(error)) from None
        return name

    def end(self, name: QueryName) -> None:
        """Note that a query has its answer."""
        with self._lock:
            self._under_way.discard(name)

    def _counted(self, stream: int, sequence: int | None) -> QueryName:
        due = self._next.get(stream, 0)
        name = QueryName(stream, due if sequence is None else sequence)
        self._next[stream] = max(due, name.sequence + 1)
        return name


def _nanoseconds(milliseconds: float) -> int:
    nanoseconds = milliseconds * _NS_PER_MS
    if not (math.isfinite(nanoseconds) and nanoseconds >= 1):
        raise ConfigError(f"a capture period of {milliseconds} ms: expected a positive time")
    return round(nanoseconds)
