"""The client of a device process: dials until a base station welcomes its devices, and runs their stream.

A stream that is lost, because the peer died or the network broke, is followed by another one, with fresh sessions.
"""

import threading
import time
from collections.abc import Callable

import grpc

from splitwave.common.errors import ProtocolError, RunFailedError, UnreachableError
from splitwave.common.runtime.dialling import failure_reason, open_channel
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.readable_replies import with_readable_replies
from splitwave.common.runtime.retry_log import RetryLog
from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S, client_options
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.device.uplink.backoff import Backoff
from splitwave.device.uplink.host import Host
from splitwave.device.uplink.stream import Stream

log = get_logger()

# The link is leased, perhaps to a connection that has broken without the base station's notice: trying again can help.
_TAKEN = frozenset({grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.RESOURCE_EXHAUSTED})
_REFUSALS = _TAKEN | {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
}
_RUN_FAILED = grpc.StatusCode.ABORTED  # the base station is there, and says that this run is over


class UplinkClient:
    """Runs the devices of a process against a base station or a channel emulator, which speak the same service."""

    def __init__(
        self,
        address: str,
        open_host: Callable[[], Host],
        connect_timeout_s: float,
        dial_timeout_s: float = DIAL_TIMEOUT_S,
        tls: TlsFolder | None = None,
    ) -> None:
        """Set up a client.

        Args:
            address: as gRPC dials it, such as HOST:PORT.
            open_host: makes devices with fresh sessions for each attempt; they share a stream.
            connect_timeout_s: how long to keep trying until each of them has the base station's Welcome, at the
                beginning and whenever their stream was lost.
            dial_timeout_s: the deadline of one dial.
            tls: this process's files; None for plaintext.
        """
        self._address = address
        self._options = client_options(dial_timeout_s)
        self._open_host = open_host
        self._tls = tls
        self._connect_timeout_s = connect_timeout_s
        self._waiting = RetryLog(f"the base station or channel emulator at {address}")
        self._backoff = Backoff()
        self._deadline = 0.0
        self._was_welcomed = False
        self._stopped = threading.Event()
        self._stream: Stream | None = None

    def stop(self) -> None:
        """End the run, from another thread; `run` returns."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.cancel()

    def run(self) -> None:
        """Take part in one run, to its end or until `stop`.

        Raises:
            UnreachableError: this device got no Welcome within `connect_timeout_s`.
            ProtocolError: the base station refused this device, or sent a message that makes no sense.
            RunFailedError: the run failed.
        """
        self._deadline = time.monotonic() + self._connect_timeout_s
        while not self._stopped.is_set():
            # A gRPC channel looks a name that was unknown up again after longer and longer waits, of two minutes in the
            # end. A new one does it at once, and finds a base station that is back at another address.
            reason = self._dial()
            if reason is None:
                return
            wait_s = self._backoff.next_s()
            if time.monotonic() + wait_s > self._deadline:
                again = " again" if self._was_welcomed else ""
                raise UnreachableError(
                    f"{self._address} did not accept this device{again} within {self._connect_timeout_s:g} s: {reason}"
                )
            self._waiting.failed(reason)
            self._stopped.wait(wait_s)

    def _dial(self) -> str | None:
        """Open a gRPC channel, and do as `_attempt`."""
        try:
            grpc_channel = open_channel(self._address, self._options, self._tls)
        except UnreachableError as error:  # this device's certificate has expired, and may be renewed
            return str(error)
        with grpc_channel:
            readable = with_readable_replies(grpc_channel, f"the base station or channel emulator at {self._address}")
            return self._attempt(uplink_pb2_grpc.UplinkStub(readable))

    def _attempt(self, stub: uplink_pb2_grpc.UplinkStub) -> str | None:
        """Run one stream; returns None when it is over, or the reason to try again."""
        self._stream = stream = Stream(stub, self._open_host(), self._deadline, self._waiting.succeeded)
        if self._stopped.is_set():  # `stop` was called before there was this stream to cancel
            stream.cancel()
        try:
            stream.run()
        except grpc.RpcError as error:
            return self._explain(error, stream)
        finally:
            stream.close()
        return None

    def _explain(self, error: grpc.RpcError, stream: Stream) -> str | None:
        code, details = error.code(), failure_reason(error.details(), self._tls)
        if stream.finished or self._stopped.is_set():
            return None
        if stream.timed_out:
            return "it did not answer, or accepted the connection, but sent no Welcome"
        if code in _TAKEN and not stream.welcomed:
            return details
        if code in _REFUSALS:
            raise ProtocolError(f"refused by {self._address}: {details}") from None
        if stream.welcomed and code is _RUN_FAILED:
            raise RunFailedError(f"the link to {self._address} was lost ({code.name}): {details}") from None
        if stream.welcomed:
            self._note_loss(code, details)
            return details
        if code is grpc.StatusCode.UNAVAILABLE or (self._was_welcomed and code is not _RUN_FAILED):
            return details
        raise ProtocolError(f"{self._address} does not speak the uplink ({code.name}): {details}") from None

    def _note_loss(self, code: grpc.StatusCode, details: str) -> None:
        """Begin to wait for a Welcome again: the link of this device, known by its id, is kept for it."""
        log.warning("link lost", code=code.name, reason=details)
        self._was_welcomed = True
        self._backoff.reset()
        self._deadline = time.monotonic() + self._connect_timeout_s
