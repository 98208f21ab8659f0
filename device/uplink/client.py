"""The client of a device process: dials until a base station welcomes its devices, and runs their stream."""

import threading
import time
from collections.abc import Callable

import grpc

from splitwave.common.errors import ProtocolError, RunFailedError, UnreachableError
from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.retry_log import RetryLog
from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S, client_options
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.device.session.host import DeviceHost
from splitwave.device.uplink.stream import Stream

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0

# The link is leased, perhaps to a connection that has broken without the base station's notice: trying again can help.
_TAKEN = frozenset({grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.RESOURCE_EXHAUSTED})
_REFUSALS = _TAKEN | {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}


class UplinkClient:
    """Runs the devices of a process against a base station or a channel emulator, which speak the same service."""

    def __init__(
        self,
        address: str,
        open_host: Callable[[], DeviceHost],
        connect_timeout_s: float,
        dial_timeout_s: float = DIAL_TIMEOUT_S,
    ) -> None:
        """Set up a client.

        Args:
            address: as gRPC dials it, such as HOST:PORT.
            open_host: makes devices with fresh sessions for each attempt; they share a stream.
            connect_timeout_s: how long to keep trying until each of them has the base station's Welcome.
            dial_timeout_s: the deadline of one dial.
        """
        self._address = address
        self._options = client_options(dial_timeout_s)
        self._open_host = open_host
        self._connect_timeout_s = connect_timeout_s
        self._waiting = RetryLog(f"the base station or channel emulator at {address}")
        self._stopped = threading.Event()
        self._stream: Stream | None = None

    def stop(self) -> None:
        """End the run from a signal handler or another thread; `run` returns."""
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
        backoff_s, deadline = FIRST_BACKOFF_S, time.monotonic() + self._connect_timeout_s
        while not self._stopped.is_set():
            # A gRPC channel looks a name that was unknown up again after longer and longer waits, of two minutes in the
            # end. A new one does it at once, and finds a base station that is back at another address.
            with grpc.insecure_channel(self._address, options=self._options) as grpc_channel:
                reason = self._attempt(uplink_pb2_grpc.UplinkStub(grpc_channel), deadline)
            if reason is None:
                return
            if time.monotonic() + backoff_s > deadline:
                raise UnreachableError(
                    f"{self._address} did not accept this device within {self._connect_timeout_s:g} s: {reason}"
                )
            self._waiting.failed(reason)
            self._stopped.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _attempt(self, stub: uplink_pb2_grpc.UplinkStub, deadline: float) -> str | None:
        """Run one stream; returns None when it is over, or the reason to try again."""
        self._stream = stream = Stream(stub, self._open_host(), deadline, self._waiting.succeeded)
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
        code, details = error.code(), short_reason(error.details())
        if stream.finished or self._stopped.is_set():
            return None
        if stream.timed_out:
            return "it did not answer, or accepted the connection, but sent no Welcome"
        if code in _TAKEN and not stream.welcomed:
            return details
        if code in _REFUSALS:
            raise ProtocolError(f"refused by {self._address}: {details}") from None
        if stream.welcomed:
            raise RunFailedError(f"the link to {self._address} was lost ({code.name}): {details}") from None
        if code is grpc.StatusCode.UNAVAILABLE:
            return details
        raise ProtocolError(f"{self._address} does not speak the uplink ({code.name}): {details}") from None
