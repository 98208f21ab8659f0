"""The device's end of the uplink stream: dials with back-off, decodes, hands to the session, encodes, sends."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

import grpc
import structlog

from splitwave.common.errors import ProtocolError, RunFailedError, SplitwaveError, UnreachableError
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import Downlink, Gradient, Leaving, Prediction, TrainStep, Welcome
from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.retry_log import RetryLog
from splitwave.common.runtime.rpc import CLIENT_OPTIONS, CLOSING_LIMIT_S
from splitwave.common.wire.accounting import block_cost
from splitwave.common.wire.bundling import gather
from splitwave.common.wire.downlink import downlink_from_proto
from splitwave.common.wire.fields import key_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.common.wire.uplink import uplink_to_proto
from splitwave.device.session.host import Addressed, DeviceHost
from splitwave.device.uplink.pacer import Pacer

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0

log = structlog.get_logger()

# Of a link that is leased: to a connection that has broken, perhaps, and that the base station has yet to miss.
_TAKEN = frozenset({grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.RESOURCE_EXHAUSTED})
_REFUSALS = _TAKEN | {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}


class UplinkClient:
    """Runs a process's devices against a base station or a channel emulator: both speak the same service."""

    def __init__(self, address: str, open_host: Callable[[], DeviceHost], connect_timeout_s: float) -> None:
        """Set up a client.

        Args:
            address: HOST:PORT.
            open_host: makes devices with fresh sessions for each attempt; they share a stream.
            connect_timeout_s: how long to keep trying until the base station's Welcome to every one of them.
        """
        self._address = address
        self._open_host = open_host
        self._connect_timeout_s = connect_timeout_s
        self._waiting = RetryLog(f"the base station or channel emulator at {address}")
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
                self._waiting.failed(reason)
                self._stopped.wait(backoff_s)
                backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _attempt(self, stub: uplink_pb2_grpc.UplinkStub, deadline: float) -> str | None:
        """One stream: None when it is over, the reason when nobody answered."""
        self._stream = stream = _Stream(stub, self._open_host(), deadline, self._waiting.succeeded)
        if self._stopped.is_set():  # by a signal that came before there was this stream to cancel
            stream.call.cancel()
        try:
            stream.run()
        except grpc.RpcError as error:
            return self._explain(error, stream)
        finally:
            stream.close()
        return None

    def _explain(self, error: grpc.RpcError, stream: "_Stream") -> str | None:
        code, details = error.code(), short_reason(error.details())
        if stream.finished or self._stopped.is_set():
            return None
        if stream.timed_out:
            return "it accepted the connection, but sent no Welcome"
        if code in _TAKEN and not stream.welcomed:
            return details
        if code in _REFUSALS:
            raise ProtocolError(f"refused by {self._address}: {details}") from None
        if stream.welcomed:
            raise RunFailedError(f"the link to {self._address} was lost ({code.name}): {details}") from None
        if code is grpc.StatusCode.UNAVAILABLE:
            return details
        raise ProtocolError(f"{self._address} does not speak the uplink ({code.name}): {details}") from None


class _Outbox:
    """What is to be sent up; gRPC's sending thread takes it out, bundle by bundle."""

    def __init__(self, taken: Callable[[pb.UplinkMessage], None]) -> None:
        """Args: told of each message as it is taken out, in gRPC's thread."""
        self._taken = taken
        self._queue: SimpleQueue[Sequence[pb.UplinkMessage] | None] = SimpleQueue()
        self._ready: deque[pb.UplinkMessage] = deque()
        self._ended = False

    def put(self, messages: Sequence[pb.UplinkMessage]) -> None:
        """Those that are put together leave together, if one bundle holds them."""
        self._queue.put(messages)

    def end(self) -> None:
        self._queue.put(None)

    def bundles(self) -> Iterator[pb.UplinkBundle]:
        """Bundles of what is there, until the end."""
        while not self._ended:
            self._take(self._queue.get())
            first = self._more()
            while first is not None:
                messages, first = gather(first, self._more)
                for message in messages:
                    self._taken(message)
                yield pb.UplinkBundle(messages=messages)

    def _more(self) -> pb.UplinkMessage | None:
        while not self._ready and not self._ended:
            try:
                self._take(self._queue.get_nowait())
            except Empty:
                return None
        return self._ready.popleft() if self._ready else None

    def _take(self, messages: Sequence[pb.UplinkMessage] | None) -> None:
        self._ended = messages is None
        self._ready.extend(messages or ())


class _Stream:
    """One call of Connect: an outbox that gRPC sends from, and the loop that reacts to what comes down."""

    def __init__(
        self, stub: uplink_pb2_grpc.UplinkStub, host: DeviceHost, deadline: float, all_welcomed: Callable[[], None]
    ) -> None:
        self._host = host
        self._all_welcomed = all_welcomed
        self._sessions = host.sessions
        self._outbox = _Outbox(self._handed_over)
        self._pacer = Pacer(host, self._put, self._pacing_failed)
        self._pacing_error: Exception | None = None
        self._farewell = threading.Timer(CLOSING_LIMIT_S, self._hang_up)
        self._put([(port, session.hello()) for port, session in enumerate(self._sessions)])
        self._unwelcomed = set(range(len(self._sessions)))
        self._port_at_work = 0
        self.timed_out = False
        self.call = stub.Connect(self._outbox.bundles())
        self._until_welcome = threading.Timer(max(0.0, deadline - time.monotonic()), self._time_out)
        self._until_welcome.start()

    @property
    def welcomed(self) -> bool:
        """Whether every device of this stream has been."""
        return not self._unwelcomed

    @property
    def finished(self) -> bool:
        """Whether the run is over for every one of them."""
        return all(session.finished for session in self._sessions)

    def run(self) -> None:
        try:
            self._hear()
        except grpc.RpcError:
            if self._pacing_error is None:
                raise
        if self._pacing_error is not None:
            raise self._pacing_error
        if not self.finished:
            raise RunFailedError("the base station ended the stream before the run was over")

    def _hear(self) -> None:
        for bundle in self.call:
            heard_ns = self._host.clock()
            try:
                with self._pacer.turn():
                    for answers in self._host.react(map(self._read, bundle.messages), heard_ns):
                        self._put(answers)
            except Exception as error:
                self._give_up(error)
                raise
            if self.finished:
                self._outbox.end()  # nothing more to say: the base station closes the stream

    def close(self) -> None:
        """Let go of the call, however it went."""
        self._until_welcome.cancel()
        self._farewell.cancel()
        self._pacer.close()
        self._outbox.end()  # ends gRPC's sending thread
        self.call.cancel()

    def _read(self, message: pb.DownlinkMessage) -> tuple[int, Downlink]:
        """A message and its port; of two in one bundle the second is read when the first has had its effect."""
        port = message.port
        if port >= len(self._sessions):
            raise ProtocolError(f"a message for port {port}: this stream has {len(self._sessions)}")
        session, self._port_at_work = self._sessions[port], port
        body = downlink_from_proto(message, session.contract)
        if isinstance(body, Welcome):
            again = port not in self._unwelcomed
            self._unwelcomed.discard(port)
            if self.welcomed:
                self._until_welcome.cancel()
                self._all_welcomed()
            log.info("run starts over" if again else "link leased", link=body.link, run=body.run_id)
        elif not isinstance(body, Gradient | Prediction | TrainStep):
            log.info("command", command=str(body), link=session.contract and session.contract.link)
        return port, body

    def _hang_up(self) -> None:
        self.call.cancel()

    def _time_out(self) -> None:
        self.timed_out = True
        self.call.cancel()

    def _give_up(self, error: Exception) -> None:
        """Tell the base station why, and give it time to hear it."""
        self._say_farewell(error)
        try:
            for _ in self.call:
                pass  # what was on its way down
        except grpc.RpcError as end:
            log.info("the base station ended the stream", code=end.code().name)

    def _pacing_failed(self, error: Exception) -> None:
        """The same from the pacer's thread: the one that hears goes on until the base station ends the stream."""
        self._pacing_error = error
        self._say_farewell(error)

    def _say_farewell(self, error: Exception) -> None:
        # Of a bug or a broken machine the base station should know as much as we do.
        reason = str(error) if isinstance(error, SplitwaveError) else f"{type(error).__name__}: {error}"
        self._put([(self._port_at_work, Leaving(reason))])
        self._outbox.end()
        if self._farewell.ident is None:
            self._farewell.start()

    def _handed_over(self, message: pb.UplinkMessage) -> None:
        if message.HasField("block"):
            self._sessions[message.port].handed_over(key_from_proto(message.block.key))

    def _put(self, answers: Addressed) -> None:
        messages = []
        for port, body in answers:
            session = self._sessions[port]
            message = uplink_to_proto(body, session.contract)
            message.port = port
            if isinstance(body, SymbolBlock):
                session.sending(body.key, block_cost(message))
            messages.append(message)
        self._outbox.put(messages)
