"""The device's end of the uplink stream: dials with back-off, decodes, hands to the session, encodes, sends."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

import grpc
import structlog

from common.accounting import block_cost
from common.errors import ProtocolError, RunFailedError, SplitwaveError, UnreachableError
from common.messages import Downlink, Gradient, Leaving, Prediction, TrainStep, Uplink, Welcome
from common.pb import uplink_pb2 as pb
from common.pb import uplink_pb2_grpc
from common.rpc import CLIENT_OPTIONS, FAREWELL_LIMIT_S
from common.wire_control import downlink_from_proto, uplink_to_proto
from device.session import DeviceSession

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0

log = structlog.get_logger()

# Of a link that is leased: to a connection that has broken, perhaps, and that the base station has yet to miss.
_TAKEN = frozenset({grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.RESOURCE_EXHAUSTED})
_REFUSALS = _TAKEN | {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}


class UplinkClient:
    """Runs one device against a base station or a channel emulator: both speak the same service."""

    def __init__(self, address: str, open_session: Callable[[], DeviceSession], connect_timeout_s: float) -> None:
        """Set up a client.

        Args:
            address: HOST:PORT.
            open_session: makes a fresh session for each attempt.
            connect_timeout_s: how long to keep trying until the base station's Welcome.
        """
        self._address = address
        self._open_session = open_session
        self._connect_timeout_s = connect_timeout_s
        self._stopped = threading.Event()
        self._stream: _Stream | None = None

    def stop(self) -> None:
        """End the run from a signal handler or another thread; `run` returns."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.call.cancel()

    def run(self) -> None:
        """Take part in one run, to its end or until `stop`.

        Raises:
            UnreachableError: nobody welcomed this device within `connect_timeout_s`.
            ProtocolError: the base station refused this device, or said what makes no sense.
            RunFailedError: the run ended under it.
        """
        backoff_s, deadline = FIRST_BACKOFF_S, time.monotonic() + self._connect_timeout_s
        with grpc.insecure_channel(self._address, options=CLIENT_OPTIONS) as grpc_channel:
            stub = uplink_pb2_grpc.UplinkStub(grpc_channel)
            while not self._stopped.is_set():
                reason = self._attempt(stub, deadline)
                if reason is None:
                    return
                if time.monotonic() + backoff_s > deadline:
                    raise UnreachableError(
                        f"nobody at {self._address} took this device within {self._connect_timeout_s:g} s: {reason}"
                    )
                log.warning("not taken yet", address=self._address, retry_in_s=backoff_s, reason=reason)
                self._stopped.wait(backoff_s)
                backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _attempt(self, stub: uplink_pb2_grpc.UplinkStub, deadline: float) -> str | None:
        """One stream: None when it is over, the reason when nobody answered."""
        session = self._open_session()
        self._stream = stream = _Stream(stub, session, deadline)
        if self._stopped.is_set():  # by a signal that came before there was this stream to cancel
            stream.call.cancel()
        try:
            stream.run()
        except grpc.RpcError as error:
            return self._explain(error, session, stream)
        finally:
            stream.close()
        return None

    def _explain(self, error: grpc.RpcError, session: DeviceSession, stream: "_Stream") -> str | None:
        code, details = error.code(), error.details()
        if session.finished or self._stopped.is_set():
            return None
        if stream.timed_out:
            return "it accepted the connection, but sent no Welcome"
        if code in _TAKEN and not stream.welcomed:
            return str(details)
        if code in _REFUSALS:
            raise ProtocolError(f"refused by {self._address}: {details}") from None
        if stream.welcomed:
            raise RunFailedError(f"the link to {self._address} was lost ({code.name}): {details}") from None
        if code is grpc.StatusCode.UNAVAILABLE:
            return str(details)
        raise ProtocolError(f"{self._address} does not speak the uplink ({code.name}): {details}") from None


class _Stream:
    """One call of Connect: an outbox that gRPC sends from, and the loop that reacts to what comes down."""

    def __init__(self, stub: uplink_pb2_grpc.UplinkStub, session: DeviceSession, deadline: float) -> None:
        self._session = session
        self._outbox: SimpleQueue[pb.UplinkMessage | None] = SimpleQueue()
        self._outbox.put(uplink_to_proto(session.hello()))
        self.welcomed = self.timed_out = False
        self.call = stub.Connect(iter(self._outbox.get, None))
        self._until_welcome = threading.Timer(max(0.0, deadline - time.monotonic()), self._time_out)
        self._until_welcome.start()

    def run(self) -> None:
        session = self._session
        for message in self.call:
            try:
                self._react(downlink_from_proto(message, session.contract))
            except SplitwaveError as error:
                self._give_up(str(error))
                raise
            except Exception as error:  # a bug or a broken machine: the base station should know as much as we do
                self._give_up(f"{type(error).__name__}: {error}")
                raise
            if session.finished:
                self._outbox.put(None)  # nothing more to say: the base station closes the stream
        if not session.finished:
            raise RunFailedError("the base station ended the stream before the run was over")

    def close(self) -> None:
        """Let go of the call, however it went."""
        self._until_welcome.cancel()
        self._outbox.put(None)  # ends gRPC's sending thread
        self.call.cancel()

    def _react(self, body: Downlink) -> None:
        if isinstance(body, Welcome):
            self._until_welcome.cancel()
            again, self.welcomed = self.welcomed, True
            log.info("run starts over" if again else "link leased", link=body.link, run=body.run_id)
        elif not isinstance(body, Gradient | Prediction | TrainStep):
            log.info("command", command=str(body))
        for answer in self._session.handle(body):
            self._send(answer)

    def _time_out(self) -> None:
        self.timed_out = True
        self.call.cancel()

    def _give_up(self, reason: str) -> None:
        """Tell the base station why, and give it time to hear it."""
        self._outbox.put(uplink_to_proto(Leaving(reason)))
        self._outbox.put(None)
        limit = threading.Timer(FAREWELL_LIMIT_S, self.call.cancel)
        limit.start()
        try:
            for _ in self.call:
                pass  # what was on its way down
        except grpc.RpcError as error:
            log.info("the base station ended the stream", code=error.code().name)
        finally:
            limit.cancel()

    def _send(self, body: Uplink) -> None:
        message = uplink_to_proto(body, self._session.contract)
        if message.HasField("block"):
            self._session.sending(block_cost(message))
        self._outbox.put(message)
