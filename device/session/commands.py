"""The two commands that ask a device for blocks: a training step, and a pass over evaluation data."""

from collections.abc import Sequence

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Evaluate, Gradient, Prediction
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport, PassReport
from splitwave.common.protocol.workload import check_workload
from splitwave.device.measurement.events import BlockObserver
from splitwave.device.measurement.pass_meter import PassMeter
from splitwave.device.session.block_window import BlockWindow
from splitwave.device.session.handshake import Lease


class TrainingStep:
    """A training step under way.

    Attributes:
        blocks: its micro-batches.
        observers: of these blocks.
    """

    def __init__(self, lease: Lease, step: int, begun_ns: int, observers: Sequence[BlockObserver]) -> None:
        """Begin a step.

        Args:
            lease: of the device.
            step: counted over the run from 0.
            begun_ns: when the step was announced, on the device's clock.
            observers: of its blocks.
        """
        self._worker = lease.worker
        self._step = step
        symbols = Symbols.HARD if lease.contract.hard_training else Symbols.SOFT
        self.blocks = BlockWindow(lease.worker.plan, Phase.TRAIN, step, symbols, begun_ns=begun_ns)
        self.observers = tuple(observers)

    def take_gradient(self, gradient: Gradient, at_ns: int) -> EpochReport | None:
        """Apply a gradient, and finish the step with the last; returns a report if the step was the last of an epoch.

        Raises:
            ProtocolError: the gradient of another block is expected, or it has the wrong shape.
            RunFailedError: the rate of the block is not finite.
        """
        worker = self._worker
        self.blocks.count_answer(gradient.key, at_ns)
        worker.apply_gradient(gradient.key, gradient.values)
        for observer in self.observers:
            observer.answered(gradient, at_ns)
        if not self.blocks.all_answered:
            return None
        worker.finish_step()
        if worker.next_step % worker.plan.steps_per_epoch:
            return None
        return EpochReport(worker.plan.epoch(self._step), worker.end_epoch())

    def work_ahead(self) -> None:
        """Measure the rates of the blocks that are on their way, and prepare the next step."""
        for number in range(self.blocks.answered, self.blocks.sent):
            self._worker.measure_rate(number)
        if self.blocks.all_sent:
            self._worker.prepare(self._step + 1)


class EvaluationPass:
    """A pass under way.

    Attributes:
        blocks: of the pass.
        observers: of these blocks.
        may_drop: whether queries that wait too long are dropped.
    """

    def __init__(self, lease: Lease, command: Evaluate, begun_ns: int, observers: Sequence[BlockObserver]) -> None:
        """Begin a pass.

        Args:
            lease: of the device.
            command: asks for the pass.
            begun_ns: when the command was received, on the device's clock.
            observers: of its blocks, besides those that its report needs.

        Raises:
            ProtocolError: no such pass is possible.
        """
        if command.phase is Phase.TRAIN:
            raise ProtocolError("a pass over training blocks was asked for: training goes by steps")
        schedule_ns = _begin_workload(lease, command, begun_ns)
        self._plan = lease.worker.plan
        self._meter = PassMeter(command)
        self._histograms = lease.histograms
        self.blocks = BlockWindow(
            self._plan,
            command.phase,
            command.step,
            command.symbols,
            begun_ns=begun_ns,
            schedule_ns=schedule_ns,
            most_waiting=None if command.workload is None else command.workload.most_waiting,
        )
        self.may_drop = command.workload is not None and command.workload.most_waiting is not None
        self._command = command
        self.observers = (*self._meter.observers, self._histograms, *observers)

    def drop_overdue(self, now_ns: int) -> None:
        """Drop the queries of an open loop that wait beyond the workload's limit."""
        for number in self.blocks.drop_overdue(now_ns):
            key = BlockKey(self._command.phase, self._command.step, number)
            for observer in self.observers:
                observer.dropped(key, self.blocks.due_ns(number))

    def take_prediction(self, prediction: Prediction, at_ns: int) -> PassReport | None:
        """Note the answers to a block; returns the report of the pass with the last.

        Raises:
            ProtocolError: the answers to another block are expected, or another number of them.
        """
        key = prediction.key
        self.blocks.count_answer(key, at_ns)
        samples = self._plan.pass_block_samples(key.phase, key.micro_batch)
        if len(prediction.answers) != samples:
            raise ProtocolError(f"{len(prediction.answers)} answers to {key}: expected {samples}")
        for observer in self.observers:
            observer.answered(prediction, at_ns)
        return self._meter.report(self._histograms.new_entropies()) if self.blocks.all_answered else None


Command = TrainingStep | EvaluationPass


def _begin_workload(lease: Lease, command: Evaluate, begun_ns: int) -> Int64 | None:
    """Plan for the workload of a load pass; returns when its queries are due if it is an open loop."""
    workload = command.workload
    if workload is None:
        return None
    check_workload(workload, lease.config.inference.block_size)
    lease.worker.begin_workload(workload)
    return begun_ns + workload.schedule_ns() if workload.is_open else None
