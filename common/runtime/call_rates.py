"""Limits how many calls a peer may begin a second, so that a client in a loop leaves time for devices."""

import inspect
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, NamedTuple

import grpc
from grpc import aio
from grpc_health.v1 import health

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.runtime.peer_identity import Context, has_certificate, identity_of
from splitwave.common.runtime.refusal_log import RefusalLog
from splitwave.common.runtime.rpc import UPLINK_SERVICE, refuse

UNLIMITED = frozenset({UPLINK_SERVICE, health.SERVICE_NAME})
"""Services whose calls are not counted: a device has one stream, and supervisors ask for health as they like."""

MOST_PEERS = 1_000
"""Peers that are remembered. Beyond them the peer with the oldest call is forgotten, so that memory is bounded."""


class CallRate(NamedTuple):
    """A limit of calls.

    Attributes:
        per_s: calls a second in the long run.
        burst: calls at once, after a silence.
    """

    per_s: float
    burst: int


SINGLE_CALLS = CallRate(2_000, 4_000)
"""Limit of calls with one answer, such as GetStatus and SetBeta. Half of it is polling without a pause."""
STREAM_CALLS = CallRate(50, 200)
"""Limit of calls with a stream of answers, such as WatchRun and Measure, which cost more."""


class TokenBucket:
    """Admits calls up to a rate: a call takes a token, and tokens come back with time."""

    def __init__(self, rate: CallRate, now_s: float) -> None:
        """A full bucket. Args: the rate that it admits, and the time now, on any clock."""
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled_s = now_s

    def admits(self, now_s: float) -> bool:
        """Whether a call may begin now; takes a token if so."""
        gained = (now_s - self._filled_s) * self._rate.per_s
        self._tokens = min(float(self._rate.burst), self._tokens + gained)
        self._filled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class CallRates(aio.ServerInterceptor):
    """Refuses the calls of a peer beyond its rates, with RESOURCE_EXHAUSTED.

    A peer is the party that its certificate names, or without TLS the machine that it calls from. All its calls with
    one answer take from one bucket, and those with a stream of answers from another.

    Attributes:
        refusals: their log.
    """

    def __init__(self) -> None:
        """No peer has called yet."""
        self._buckets: OrderedDict[tuple[str, CallRate], TokenBucket] = OrderedDict()
        self.refusals = RefusalLog()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Put the limit in front of the handler of one call."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        _, service, method = str(handler_call_details.method).split("/")
        if service in UNLIMITED:
            return handler
        answers, rate = ("stream", STREAM_CALLS) if handler.response_streaming else ("unary", SINGLE_CALLS)
        kind = f"{'stream' if handler.request_streaming else 'unary'}_{answers}"
        return handler._replace(**{kind: self._limited(getattr(handler, kind), method, rate)})

    def _limited(self, behaviour: Any, method: str, rate: CallRate) -> Any:
        async def many(request: Any, context: Context) -> AsyncIterator[Any]:
            await self._check(context, method, rate)
            async with aclosing(behaviour(request, context)) as answers:
                async for answer in answers:
                    yield answer

        async def one(request: Any, context: Context) -> Any:
            await self._check(context, method, rate)
            return await behaviour(request, context)

        return many if inspect.isasyncgenfunction(behaviour) else one

    async def _check(self, context: Context, method: str, rate: CallRate) -> None:
        peer = _party(context)
        if not self._bucket(peer, rate).admits(time.monotonic()):
            reason = f"{method}: more than {rate.per_s:g} calls a second, and {rate.burst} at once, by one peer"
            self.refusals.note(peer, reason, context.peer())
            await refuse(context, ProtocolError(reason, Refusal.RESOURCE_EXHAUSTED))

    def _bucket(self, peer: str, rate: CallRate) -> TokenBucket:
        key = (peer, rate)
        if key not in self._buckets:
            self._buckets[key] = TokenBucket(rate, time.monotonic())
        self._buckets.move_to_end(key)
        if len(self._buckets) > 2 * MOST_PEERS:  # one bucket for each kind of calls
            self._buckets.popitem(last=False)
        return self._buckets[key]


def _party(context: Context) -> str:
    """The party that a peer's certificate names, or its address without the port, which changes."""
    if has_certificate(context):
        return str(identity_of(context))
    peer = context.peer()
    return peer if peer.startswith("unix:") else peer.rpartition(":")[0]
