"""One stream of a device process: decodes messages, hands them to the host, encodes and sends its answers."""

import threading
import time
from collections.abc import Callable

import grpc

from splitwave.common.errors import ProtocolError, RunFailedError, SplitwaveError
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.live_messages import ModelChunk, QueryAnswer
from splitwave.common.protocol.messages import Downlink, Gradient, Leaving, Prediction, TrainStep, Welcome
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.rpc import CLOSING_LIMIT_S
from splitwave.common.wire.accounting import block_cost
from splitwave.common.wire.bundling import check_bundle
from splitwave.common.wire.downlink import downlink_from_proto
from splitwave.common.wire.fields import key_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.common.wire.uplink import uplink_to_proto
from splitwave.device.uplink.host import Addressed, Host
from splitwave.device.uplink.outbox import Outbox
from splitwave.device.uplink.pacer import Pacer

log = get_logger()


class Stream:
    """One call of Connect: an outbox that gRPC sends from, and the loop that reacts to messages down.

    Attributes:
        timed_out: whether the deadline for the Welcomes passed.
    """

    def __init__(
        self, stub: uplink_pb2_grpc.UplinkStub, host: Host, deadline: float, all_welcomed: Callable[[], None]
    ) -> None:
        """Open the stream and say hello for every device.

        Args:
            stub: of the base station or channel emulator.
            host: of the devices; a device's place in its sessions is its port.
            deadline: on `time.monotonic`, until which every device must have its Welcome.
            all_welcomed: called when every device has its Welcome.
        """
        self._host = host
        self._all_welcomed = all_welcomed
        self._sessions = host.sessions
        self._outbox = Outbox(self._taken)
        self._pacer = Pacer(host, self._put, self._pacing_failed)
        self._error_beside: Exception | None = None
        host.answer_later_with(self._put, self._failed_beside)
        self._closing = threading.Timer(CLOSING_LIMIT_S, self.cancel)
        self._put([(port, session.hello()) for port, session in enumerate(self._sessions)])
        self._unwelcomed = set(range(len(self._sessions)))
        self._port_at_work = 0
        self.timed_out = False
        self._call = stub.Connect(self._outbox.bundles())
        left_s = min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)  # the deadline may be infinite
        self._until_welcome = threading.Timer(left_s, self._time_out)
        self._until_welcome.start()

    @property
    def welcomed(self) -> bool:
        """Whether every device of this stream has its Welcome."""
        return not self._unwelcomed

    @property
    def finished(self) -> bool:
        """Whether the run is over for every device of this stream."""
        return all(session.finished for session in self._sessions)

    def run(self) -> None:
        """React to messages until the base station ends the stream.

        Raises:
            grpc.RpcError: the stream was refused, lost or cancelled.
            SplitwaveError: a device cannot go on, or the stream ended before the run was over.
        """
        try:
            self._hear()
        except grpc.RpcError:
            if self._error_beside is None:
                raise
        if self._error_beside is not None:
            raise self._error_beside
        if not self.finished:
            raise RunFailedError("the base station ended the stream before the run was over")

    def cancel(self) -> None:
        """End the call at once; may be called from any thread."""
        self._call.cancel()

    def close(self) -> None:
        """Release the call, whether or not it ended well."""
        self._until_welcome.cancel()
        self._closing.cancel()
        self._pacer.close()
        self._outbox.end()  # ends gRPC's sending thread
        self._call.cancel()
        self._host.close()  # the next stream's sessions use the same files

    def _hear(self) -> None:
        for bundle in self._call:
            heard_ns = self._host.clock()
            try:
                check_bundle(bundle)
                with self._pacer:
                    for answers in self._host.react(map(self._read, bundle.messages), heard_ns):
                        self._put(answers)
            except Exception as error:
                self._give_up(error)
                raise
            if self.finished:
                self._outbox.end()  # nothing is left to send: the base station closes the stream

    def _read(self, message: pb.DownlinkMessage) -> tuple[int, Downlink]:
        """A message and its port; the second message of a bundle is read after the first has had its effect."""
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
        elif not isinstance(body, Gradient | Prediction | TrainStep | QueryAnswer | ModelChunk):
            log.info("command", command=str(body), link=session.contract and session.contract.link)
        return port, body

    def _time_out(self) -> None:
        self.timed_out = True
        self._call.cancel()

    def _give_up(self, error: Exception) -> None:
        """Send the base station the reason, and wait until it ends the stream, at most `CLOSING_LIMIT_S`."""
        self._send_reason(error, self._port_at_work)
        try:
            for _ in self._call:
                pass  # messages that were on their way down
        except grpc.RpcError as end:
            log.info("the base station ended the stream", code=end.code().name)

    def _pacing_failed(self, error: Exception) -> None:
        self._failed_beside(self._port_at_work, error)

    def _failed_beside(self, port: int, error: Exception) -> None:
        """Send the reason from a thread beside the hearing one, which continues until the stream ends."""
        self._error_beside = error
        self._send_reason(error, port)

    def _send_reason(self, error: Exception, port: int) -> None:
        # The base station should learn as much about a bug or a broken machine as this process knows.
        reason = str(error) if isinstance(error, SplitwaveError) else f"{type(error).__name__}: {error}"
        self._put([(port, Leaving(reason))])
        self._outbox.end()
        if self._closing.ident is None:
            self._closing.start()

    def _taken(self, message: pb.UplinkMessage) -> None:
        if message.HasField("block"):
            self._sessions[message.port].block_sent(key_from_proto(message.block.key))

    def _put(self, answers: Addressed) -> None:
        messages = []
        for port, body in answers:
            session = self._sessions[port]
            message = uplink_to_proto(body, session.contract)
            message.port = port
            if isinstance(body, SymbolBlock):
                session.block_packed(body.key, block_cost(message))
            messages.append(message)
        self._outbox.put(messages)
