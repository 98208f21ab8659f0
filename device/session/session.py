"""The device's side of the protocol, reacting to one downlink message at a time. No transport in it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_DIMENSION
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Evaluate,
    Finish,
    Gradient,
    Hello,
    Prediction,
    Ready,
    SaveCheckpoint,
    SetLink,
    TrainStep,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.reports import EpochReport, PassReport, UplinkCost
from splitwave.common.protocol.symbols import LinkContract
from splitwave.device.learning.worker import DeviceWorker
from splitwave.device.measurement.events import BlockObserver, EncodingTimes
from splitwave.device.session.block_window import NextBlock
from splitwave.device.session.checkpoint_parts import CheckpointParts
from splitwave.device.session.commands import Command, EvaluationPass, TrainingStep
from splitwave.device.session.handshake import Handshake, Lease, OpenViews
from splitwave.device.session.part_writer import GiveUp, PartWriter, Send

Clock = Callable[[], int]


class DeviceSession:
    """One device's part of a stream.

    `handle` reacts to a message and yields the answers that are not blocks. The blocks of training steps and passes are
    made by the owner of the session, who can do so for several devices at once: `next_block` may be sent now (in an
    open loop at `next_due_ns`), and `block_made` counts it as sent. The transport calls `block_packed` and
    `block_sent`; the latter alone may be called while another method runs.

    Attributes:
        clock: nanoseconds, monotonic.
        finished: whether the run is over.
    """

    def __init__(
        self,
        *,
        device_id: str,
        software: str,
        requested_link: int | None,
        state_dir: Path,
        open_views: OpenViews,
        clock: Clock,
        observers: Sequence[BlockObserver] = (),
    ) -> None:
        """Set up a session.

        Args:
            device_id: unique to the device, and the same when it returns.
            software: version of this package.
            requested_link: the link to ask for, or None for any.
            state_dir: folder of the device's part of a checkpoint.
            open_views: loads this device's view of the data, which the handshake names.
            clock: nanoseconds, monotonic.
            observers: of all blocks, besides those that the reports of passes need.
        """
        self._hello = Hello(PROTOCOL_VERSION, device_id, software, requested_link, MAX_DIMENSION)
        parts = CheckpointParts(state_dir)
        self._handshake = Handshake(open_views, parts)
        self._writer = PartWriter(parts)
        self._observers = observers
        self._lease: Lease | None = None
        self._command: Command | None = None
        self.clock = clock
        self.finished = False

    def hello(self) -> Hello:
        """The first message up."""
        return self._hello

    @property
    def contract(self) -> LinkContract | None:
        """The limits of what the leased link may carry; None before the handshake."""
        return self._lease.contract if self._lease else None

    @property
    def worker(self) -> DeviceWorker:
        """The worker of the leased link; before the handshake is over, asking for it is a ProtocolError."""
        return self._leased.worker

    def handle(self, message: Downlink, heard_ns: int | None = None) -> Iterator[Uplink]:
        """React to one message, received now or at `heard_ns` on this session's clock.

        Raises:
            ProtocolError: the message does not fit the state of the run.
            DataError: the device does not have the run's data.
            CheckpointError: it does not have the part that it is asked to restore, or cannot write one.
            RunFailedError: training diverged.
        """
        at_ns = self.clock() if heard_ns is None else heard_ns
        match message:
            case Welcome():
                yield self._accept(message)
            case TrainStep():
                self._train(message, at_ns)
            case Evaluate():
                self._evaluate(message, at_ns)
            case Gradient() | Prediction():
                report = self._take_answer(message, at_ns)
                if report is not None:
                    yield report
            case SaveCheckpoint():
                self._check_idle(f"a checkpoint after step {message.step}")
                yield from self._writer.save(self._leased, message)
            case SetLink():
                self._leased.worker.set_link(message.setting)
            case Finish():
                self.finished = True
            case _:
                raise ProtocolError(f"{type(message).__name__} came to a device that submits no samples of its own")

    def answer_later_with(self, send: Send, give_up: GiveUp) -> None:
        """Set how answers leave that are not ready at once: see `PartWriter.answer_with`."""
        self._writer.answer_with(send, give_up)

    def close(self) -> None:
        """Wait until no part of a checkpoint is being written any more."""
        self._writer.close()

    def next_block(self) -> NextBlock | None:
        """The next block of the command under way; None if there is none, or the link has no credit for it."""
        return None if self._command is None else self._command.blocks.next_block()

    def next_due_ns(self) -> int | None:
        """When the next block of an open loop is due; None if there is none, or the link has no credit for it."""
        return None if self._command is None else self._command.blocks.next_due_ns()

    def drop_overdue(self) -> None:
        """Drop the queries of an open loop that wait beyond the workload's limit."""
        if isinstance(self._command, EvaluationPass) and self._command.may_drop:
            self._command.drop_overdue(self.clock())

    @property
    def may_send_unscheduled(self) -> bool:
        """Whether there is a next block that may be sent, and has no schedule."""
        return self._command is not None and self._command.blocks.may_send_unscheduled

    @property
    def together(self) -> int:
        """How many blocks of the pass under way are made before the first of them leaves."""
        return 0 if self._command is None else self._command.blocks.together

    def work_ahead(self) -> None:
        """Do the work of a training step that needs no answer, while its blocks are on their way."""
        if isinstance(self._command, TrainingStep):
            self._command.work_ahead()

    def block_made(self, block: SymbolBlock, times: EncodingTimes) -> None:
        """`next_block` was made, and is about to be sent."""
        command = self._under_way
        due_ns = command.blocks.count_sent()
        for observer in command.observers:
            observer.made(block, due_ns, times)

    def block_packed(self, key: BlockKey, cost: UplinkCost) -> None:
        """A block is serialised, and about to be handed to the transport."""
        if self._command is not None and (observers := self._command.observers):
            at_ns = self.clock()
            for observer in observers:
                observer.packed(key, cost, at_ns)

    def block_sent(self, key: BlockKey) -> None:
        """The transport takes a block; this may be called at any time, from any thread."""
        if (command := self._command) is not None and (observers := command.observers):
            at_ns = self.clock()
            for observer in observers:
                observer.sent(key, at_ns)

    def _accept(self, welcome: Welcome) -> Ready:
        self._writer.settle()  # an answer about the attempt before must not come after Ready
        self._lease = self._handshake.accept(welcome, self._lease)
        self._command = None
        return self._lease.ready

    def _train(self, message: TrainStep, at_ns: int) -> None:
        lease = self._leased
        if message.step < lease.worker.next_step:
            return  # announced again: a step is applied once
        if message.step > lease.worker.next_step:
            raise ProtocolError(f"step {message.step} was announced: expected step {lease.worker.next_step}")
        self._check_idle(f"train step {message.step}")
        self._command = TrainingStep(lease, message.step, at_ns, self._observers)

    def _evaluate(self, message: Evaluate, at_ns: int) -> None:
        lease = self._leased
        self._check_idle(f"{message.phase.name.lower()} step {message.step}")
        self._command = EvaluationPass(lease, message, at_ns, self._observers)

    def _take_answer(self, answer: Gradient | Prediction, at_ns: int) -> EpochReport | PassReport | None:
        report: EpochReport | PassReport | None
        match self._under_way, answer:
            case TrainingStep() as command, Gradient():
                report = command.take_gradient(answer, at_ns)
            case EvaluationPass() as command, Prediction():
                report = command.take_prediction(answer, at_ns)
            case TrainingStep(), _:
                raise ProtocolError("a prediction came while no pass is under way")
            case _:
                raise ProtocolError("a gradient came while no training step is under way")
        if command.blocks.all_answered:
            self._command = None
        return report

    def _check_idle(self, command: str) -> None:
        if self._command is not None:
            raise ProtocolError(f"{command} was asked for while another command is under way")

    @property
    def _leased(self) -> Lease:
        if self._lease is None:
            raise ProtocolError("a command came before the handshake was over")
        return self._lease

    @property
    def _under_way(self) -> Command:
        if self._command is None:
            raise ProtocolError("an answer came while no step or pass is under way")
        return self._command
