"""Writes a device's parts of checkpoints: trained weights at once, training parts while training goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import PartSaved, SaveCheckpoint
from splitwave.common.records.training_part import TrainingPart
from splitwave.common.runtime.urgency import be_patient
from splitwave.device.session.checkpoint_parts import CheckpointParts
from splitwave.device.session.handshake import Lease

Send = Callable[[PartSaved], None]
GiveUp = Callable[[Exception], None]


class PartWriter:
    """Answers SaveCheckpoint: at once, or from a thread of its own when a training part is on the disk."""

    def __init__(self, parts: CheckpointParts) -> None:
        """Args: where the parts are kept."""
        self._parts = parts
        self._disk: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._send: Send | None = None
        self._give_up: GiveUp | None = None

    def answer_with(self, send: Send, give_up: GiveUp) -> None:
        """Set how answers leave that are not ready at once; both are called from another thread.

        Args:
            send: takes an answer.
            give_up: takes the error that ended the writing.
        """
        self._send, self._give_up = send, give_up

    def save(self, lease: Lease, message: SaveCheckpoint) -> Iterator[PartSaved]:
        """Write the part that a message asks for; the answers that are ready at once.

        Raises:
            ProtocolError: the device is not at the step of the message.
            RunFailedError: a weight is not finite.
            DiskFullError: the disk is full.
            CheckpointError: the part cannot be written for another reason.
        """
        worker, link = lease.worker, lease.contract.link
        if message.step != worker.next_step:
            raise ProtocolError(f"a checkpoint after step {message.step} was asked for in step {worker.next_step}")
        self.settle()
        if message.keep_from is None:
            yield PartSaved(message.step, self._parts.save(link, worker.model))
            return
        part = worker.training_part(lease.views.data_digest)
        if self._send is None:
            yield self._write(link, part, message.keep_from)
            return
        self._disk = self._disk or ThreadPoolExecutor(1, "checkpoint", be_patient)  # training goes first
        self._writing = self._disk.submit(self._write_and_answer, link, part, message.keep_from)

    def settle(self) -> None:
        """Wait until nothing is being written and its answer has left."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def close(self) -> None:
        """Wait until nothing is being written, and end the thread."""
        self.settle()
        if self._disk is not None:
            self._disk.shutdown()

    def _write_and_answer(self, link: int, part: TrainingPart, keep_from: int) -> None:
        assert self._send is not None
        assert self._give_up is not None
        try:
            self._send(self._write(link, part, keep_from))
        except Exception as error:  # whatever it is, the base station should hear it
            self._give_up(error)

    def _write(self, link: int, part: TrainingPart, keep_from: int) -> PartSaved:
        return PartSaved(part.step, self._parts.save_training(link, part, keep_from))
