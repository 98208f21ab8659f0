"""Decides by its certificate which calls a peer may make. What is not allowed here is refused."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.identity import Role
from splitwave.common.runtime.handshakes import Handshakes
from splitwave.common.runtime.peer_identity import Context, certificate_of, device_of, has_certificate, identity_of
from splitwave.common.runtime.refusal_log import RefusalLog
from splitwave.common.runtime.rpc import UPLINK_SERVICE, refuse
from splitwave.common.runtime.tls_folder import TlsFolder

ROLES: Mapping[str, frozenset[Role]] = {
    UPLINK_SERVICE: frozenset({Role.DEVICE, Role.CHANNEL}),
    health.SERVICE_NAME: frozenset(Role),
}
"""By service, the roles that may call it. All others, such as Control, are an operator's."""
_OPERATOR = frozenset({Role.OPERATOR})

RECHECK_S = 10.0
"""Seconds after which the certificate behind a call under way is checked again: it may be revoked, or expire."""

log = structlog.get_logger()

_END = object()
"""The end of a stream of answers."""


class AccessControl(aio.ServerInterceptor):
    """Stands in front of all handlers of a server with TLS.

    Attributes:
        refusals: their log.
        handshakes: those that brought no call.
    """

    def __init__(self, tls: TlsFolder, recheck_s: float = RECHECK_S) -> None:
        """Args: the server's files, with the revoked certificates, and how often calls under way are checked."""
        self._tls = tls
        self._recheck_s = recheck_s
        self.refusals = RefusalLog()
        self.handshakes = Handshakes()

    def close(self) -> None:
        """Log the counts when the server stops."""
        self.handshakes.close()
        if self.refusals.total or self.handshakes.without_call:
            log.info("refused", calls=self.refusals.total, connections=self.handshakes.without_call)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Put the check in front of the handler of one call."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        service = str(handler_call_details.method).split("/")[1]
        roles = ROLES.get(service, _OPERATOR)
        kind = f"{'stream' if handler.request_streaming else 'unary'}_{_answers(handler)}"
        return handler._replace(**{kind: self._guarded(getattr(handler, kind), service, roles)})

    def _guarded(self, behaviour: Any, service: str, roles: frozenset[Role]) -> Any:
        async def many(request: Any, context: Context) -> AsyncIterator[Any]:
            await self._check(context, service, roles)
            answers = aiter(behaviour(request, context))
            answer = asyncio.ensure_future(anext(answers, _END))
            try:
                while True:
                    done, _ = await asyncio.wait({answer}, timeout=self._recheck_s)
                    await self._recheck(context, answer)
                    if not done:
                        continue
                    if answer.result() is _END:
                        return
                    yield answer.result()
                    answer = asyncio.ensure_future(anext(answers, _END))
            finally:
                await _cancel(answer)
                await answers.aclose()

        async def one(request: Any, context: Context) -> Any:
            await self._check(context, service, roles)
            call = asyncio.ensure_future(behaviour(request, context))
            try:
                while not (await asyncio.wait({call}, timeout=self._recheck_s))[0]:
                    await self._recheck(context, call)
            finally:
                await _cancel(call)
            return call.result()

        return many if inspect.isasyncgenfunction(behaviour) else one

    async def _check(self, context: Context, service: str, roles: frozenset[Role]) -> None:
        self.handshakes.call_came(context.peer())
        try:
            self._check_certificate(context)
            self._check_role(context, service, roles)
        except ProtocolError as error:
            await self._refuse(context, error)

    async def _recheck(self, context: Context, call: "asyncio.Future[Any] | None" = None) -> None:
        """Cut a call off whose peer's certificate has been revoked, or has expired, since it began."""
        try:
            self._check_certificate(context)
        except ProtocolError as error:
            if call is not None:
                await _cancel(call)  # one writer at a time
            await self._refuse(context, error)

    def _check_certificate(self, context: Context) -> None:
        certificate = certificate_of(context)
        if certificate.serial in self._tls.revoked:
            raise ProtocolError(f"certificate {certificate.serial:x} is revoked", Refusal.UNAUTHENTICATED)
        if certificate.has_expired:
            raise ProtocolError(f"certificate {certificate.serial:x} has expired", Refusal.UNAUTHENTICATED)

    @staticmethod
    def _check_role(context: Context, service: str, roles: frozenset[Role]) -> None:
        peer = identity_of(context)
        if peer.role not in roles:
            raise ProtocolError(f"{peer} may not call {service}: for {_listed(roles)}", Refusal.PERMISSION_DENIED)
        if service == UPLINK_SERVICE:
            device_of(context)

    async def _refuse(self, context: Context, error: ProtocolError) -> None:
        self.refusals.note(_described(context), str(error), context.peer())
        await refuse(context, error)


def _answers(handler: Any) -> str:
    return "stream" if handler.response_streaming else "unary"


async def _cancel(call: "asyncio.Future[Any]") -> None:
    if not call.done():
        call.cancel()
        await asyncio.wait({call})


def _listed(roles: frozenset[Role]) -> str:
    return " and ".join(f"{role}s" for role in sorted(roles))


def _described(context: Context) -> str:
    try:
        return str(identity_of(context)) if has_certificate(context) else "unknown"
    except ProtocolError:
        return "unknown"
