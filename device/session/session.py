"""The device's side of the protocol, reacting to one downlink message at a time. No transport in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_DIMENSION
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Evaluate,
    Finish,
    Gradient,
    Hello,
    PartSaved,
    Prediction,
    Ready,
    SaveCheckpoint,
    SetBeta,
    TrainStep,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport, PassReport, UplinkCost
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.workload import check_workload
from splitwave.common.records.checkpoint import check_state_dir, load_part, save_part
from splitwave.common.records.manifest import device_part
from splitwave.device.learning.views import Views
from splitwave.device.learning.worker import DeviceWorker
from splitwave.device.measurement.pass_meter import PassMeter
from splitwave.device.measurement.symbol_histograms import SymbolHistograms

OpenViews = Callable[[RunConfig, int], Views]
Clock = Callable[[], int]


class PassBlock(NamedTuple):
    """A block of a pass that may be sent."""

    key: BlockKey
    symbols: Symbols


@dataclass(slots=True)
class _Command:
    """A training step or a pass under way: how many of its blocks are sent and answered.

    Attributes:
        schedule_ns: of an open loop, (total,) times on the device's clock at which its blocks are due; else None.
        freed_ns: when the latest message came that let blocks be sent.
    """

    phase: Phase
    step: int
    total: int
    window: int
    schedule_ns: Int64 | None
    freed_ns: int
    sent: int = 0
    answered: int = 0

    @property
    def may_send(self) -> bool:
        return self.sent < min(self.total, self.answered + self.window)

    @property
    def due_ns(self) -> int:
        """When the next block is due: by the schedule, or else as soon as it may be sent."""
        return self.freed_ns if self.schedule_ns is None else int(self.schedule_ns[self.sent])

    def take_answer(self, key: BlockKey) -> None:
        expected = BlockKey(self.phase, self.step, self.answered)
        if key != expected:
            raise ProtocolError(f"an answer to {key}: expected one to {expected}")
        self.answered += 1


@dataclass(frozen=True, slots=True)
class _Lease:
    """What the handshake brought."""

    config: RunConfig
    contract: LinkContract
    views: Views
    worker: DeviceWorker
    sent: SymbolHistograms


class DeviceSession:
    """One device's part of a stream. `handle` yields each answer as soon as it is computed.

    The blocks of a pass are made by whoever runs the session, who may do so for several devices at once: `next_block`
    says which may be sent, `next_due_ns` when that of an open loop is due, and `made` takes note of it; one at a time
    and not while `handle` is at work.

    Attributes:
        clock: nanoseconds, monotonic.
        finished: whether the run is over.
    """

    def __init__(
        self,
        *,
        device_id: str,
        software: str,
        wish: int | None,
        host: str,
        state_dir: Path,
        open_views: OpenViews,
        clock: Clock,
    ) -> None:
        """Set up a session.

        Args:
            device_id: unique to this process.
            software: version of this package.
            wish: the link to ask for, or None for any.
            host: machine or container that this process runs on.
            state_dir: where the device's part of a checkpoint is.
            open_views: loads this device's view of the data, once the handshake has said which.
            clock: nanoseconds, monotonic.
        """
        self._hello = Hello(PROTOCOL_VERSION, device_id, software, wish, MAX_DIMENSION, host)
        self._state_dir = state_dir
        self._open_views = open_views
        self.clock = clock
        self._lease: _Lease | None = None
        self._command: _Command | None = None
        self._meter: PassMeter | None = None
        self._heard_ns = 0
        self.finished = False

    def hello(self) -> Hello:
        """The first message up."""
        return self._hello

    @property
    def contract(self) -> LinkContract | None:
        """What the leased link may carry; None before the handshake."""
        return self._lease.contract if self._lease else None

    @property
    def worker(self) -> DeviceWorker:
        """Who encodes.

        Raises:
            ProtocolError: before the handshake is over there is none.
        """
        return self._leased.worker

    def handle(self, message: Downlink, heard_ns: int | None = None) -> Iterator[Uplink]:
        """React to one message, which came now, or at `heard_ns` on this session's clock, by all but blocks of passes.

        Raises:
            ProtocolError: the message does not fit the state of the run.
            DataError: the device does not hold the run's data.
            CheckpointError: nor the checkpoint it is asked to restore, or it cannot write one.
        """
        self._heard_ns = self.clock() if heard_ns is None else heard_ns
        match message:
            case Welcome():
                yield self._accept(message)
            case TrainStep():
                yield from self._train(message)
            case Gradient():
                yield from self._learn(message)
            case Evaluate():
                self._evaluate(message)
            case Prediction():
                yield from self._take_prediction(message)
            case SaveCheckpoint():
                yield self._save(message)
            case SetBeta():
                self._leased.worker.set_beta(message.beta)
            case Finish():
                self.finished = True

    def next_block(self) -> PassBlock | None:
        """The next block of the pass under way; None if there is none, or the link has no credit for it."""
        command, meter = self._command, self._meter
        if command is None or meter is None or not command.may_send:
            return None
        return PassBlock(BlockKey(command.phase, command.step, command.sent), meter.symbols)

    @property
    def together(self) -> int:
        """How many blocks of the pass under way are made before the first of them leaves."""
        return self._leased.worker.plan.together(self._command.phase) if self._command else 0

    def next_due_ns(self) -> int | None:
        """When the next block of an open loop is due; None if there is none, or the link has no credit for it."""
        command = self._command
        if command is None or command.schedule_ns is None or not command.may_send:
            return None
        return command.due_ns

    def made(self, block: SymbolBlock, *, started_ns: int, encoded_ns: int, quantized_ns: int) -> SymbolBlock:
        """Take note of `next_block`, which is now to be sent: when it was begun, through the network, and ready."""
        command = self._under_way
        self._metered.encoded(
            command.sent,
            due_ns=command.due_ns,
            started_ns=started_ns,
            encoded_ns=encoded_ns,
            quantized_ns=quantized_ns,
        )
        if command.phase is Phase.SERVE:
            self._leased.sent.add(block)
        command.sent += 1
        return block

    def work_ahead(self) -> None:
        """Do what needs no answer while the training blocks that were sent are on their way."""
        worker, command = self._leased.worker, self._command
        if command is None or command.phase is not Phase.TRAIN:
            return
        for number in range(command.answered, command.sent):
            worker.measure_rate(number)
        if command.sent == command.total:
            worker.prepare(command.step + 1)

    def sending(self, key: BlockKey, cost: UplinkCost) -> None:
        """A block is a message, about to be sent."""
        if self._meter is not None:
            self._meter.sent(key.micro_batch, cost, self.clock())

    def handed_over(self, key: BlockKey) -> None:
        """The transport takes a block's message; alone of all methods this one may be called at any time."""
        if (meter := self._meter) is not None:
            meter.handed_over(key, self.clock())

    def _accept(self, welcome: Welcome) -> Ready:
        if welcome.protocol_version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"the base station speaks protocol version {welcome.protocol_version}, this device {PROTOCOL_VERSION}"
            )
        config = RunConfig.from_handshake(welcome.settings_json)
        views = self._views(config, welcome.link)
        self._command = self._meter = None
        worker = DeviceWorker(config, welcome.link, views)
        if welcome.restore_sha256 is None:
            check_state_dir(self._state_dir, "--state")
        else:
            load_part(self._state_dir / device_part(welcome.link), worker.model, welcome.restore_sha256)
        sent = SymbolHistograms(config.encoder.dimension, config.quantizer.breakpoints)
        self._lease = _Lease(config, LinkContract.of(config, welcome.link), views, worker, sent)
        return Ready(len(views.train), len(views.test), views.data_digest)

    def _views(self, config: RunConfig, link: int) -> Views:
        """What this device sees; it is loaded once, however often the run starts over."""
        lease = self._lease
        if lease is None:
            return self._open_views(config, link)
        if (lease.contract.link, lease.config) != (link, config):
            raise ProtocolError(f"the base station moved this device from link {lease.contract.link} to another run")
        return lease.views

    def _train(self, message: TrainStep) -> Iterator[SymbolBlock]:
        worker = self._leased.worker
        if message.step < worker.next_step:
            return  # announced again: a step is applied once
        if message.step > worker.next_step:
            raise ProtocolError(f"step {message.step} was announced: expected step {worker.next_step}")
        self._begin(Phase.TRAIN, message.step)
        yield from self._train_blocks()

    def _learn(self, gradient: Gradient) -> Iterator[Uplink]:
        worker, command = self._leased.worker, self._under_way
        command.take_answer(gradient.key)
        worker.apply_gradient(gradient.key, gradient.values)
        if command.answered == command.total:
            worker.finish_step()
            self._command = None
            if worker.next_step % worker.plan.steps_per_epoch == 0:
                yield EpochReport(worker.plan.epoch(command.step), worker.end_epoch())
        else:
            yield from self._train_blocks()

    def _evaluate(self, message: Evaluate) -> None:
        if message.phase is Phase.TRAIN:
            raise ProtocolError("a pass over training blocks was asked for: training goes by steps")
        lease, workload = self._leased, message.workload
        if workload is not None:
            check_workload(workload, lease.config.inference.block_size)
            lease.worker.plan.workload = workload
        self._begin(message.phase, message.step)
        self._meter = PassMeter(message.phase, message.symbols, workload.queries if workload else 0)

    def _take_prediction(self, prediction: Prediction) -> Iterator[PassReport]:
        command, meter = self._under_way, self._metered
        samples = len(self._leased.worker.plan.block_ids(command.phase, command.step, command.answered))
        command.take_answer(prediction.key)
        if len(prediction.answers) != samples:
            raise ProtocolError(f"{len(prediction.answers)} answers to {prediction.key}: expected {samples}")
        meter.answered(prediction, self._heard_ns)
        if command.answered == command.total:
            self._command = self._meter = None
            yield meter.report(self._leased.sent.news())
        else:
            command.freed_ns = self._heard_ns

    def _save(self, message: SaveCheckpoint) -> PartSaved:
        lease = self._leased
        if self._command is not None or message.step != lease.worker.next_step:
            raise ProtocolError(
                f"a checkpoint after step {message.step} was asked for in step {lease.worker.next_step}"
            )
        path = self._state_dir / device_part(lease.contract.link)
        return PartSaved(message.step, save_part(path, lease.worker.model))

    def _begin(self, phase: Phase, step: int) -> None:
        plan = self._leased.worker.plan
        if self._command is not None:
            raise ProtocolError(f"{phase.name.lower()} step {step} was asked for while another command is under way")
        total = plan.block_count(phase, step)
        if total == 0:
            raise ProtocolError(f"a {phase.name.lower()} pass was asked for, but it has no samples")
        schedule_ns = None
        if phase is Phase.LOAD and plan.workload is not None and plan.workload.is_open:
            schedule_ns = self._heard_ns + plan.workload.schedule_ns()
        self._command = _Command(phase, step, total, plan.window(phase), schedule_ns, self._heard_ns)

    def _train_blocks(self) -> Iterator[SymbolBlock]:
        command, worker = self._under_way, self._leased.worker
        while command.may_send:
            block = worker.train_block(command.step, command.sent)
            command.sent += 1
            yield block

    @property
    def _leased(self) -> _Lease:
        if self._lease is None:
            raise ProtocolError("a command came before the handshake was over")
        return self._lease

    @property
    def _under_way(self) -> _Command:
        if self._command is None:
            raise ProtocolError("an answer came while no step or pass is under way")
        return self._command

    @property
    def _metered(self) -> PassMeter:
        if self._meter is None:
            raise ProtocolError("a prediction came while no pass is under way")
        return self._meter
