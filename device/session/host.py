"""The devices of one process, each on a port of its stream, and the blocks that they make together. No transport."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from splitwave.common.protocol.messages import Downlink, Evaluate, Gradient, Prediction, TrainStep, Uplink, Welcome
from splitwave.common.runtime.urgency import patience
from splitwave.device.learning.link_group import LinkGroup
from splitwave.device.learning.views import StackedViews
from splitwave.device.measurement.events import EncodingTimes
from splitwave.device.session.block_window import NextBlock
from splitwave.device.session.session import DeviceSession

Addressed = Sequence[tuple[int, Uplink]]
"""Messages up that are ready at the same time, each with its port."""


class DeviceHost:
    """Runs the sessions of several devices, in the order of their ports.

    All blocks are made here, of training steps and of passes. `react` makes those that answer a message; those of an
    open loop answer none, so the owner of the host calls `due_blocks` at `next_due_ns`, while `react` is not running.

    Attributes:
        sessions: of the devices.
        clock: of all sessions.
    """

    def __init__(
        self, sessions: Sequence[DeviceSession], stacked: Callable[[], StackedViews | None] = lambda: None
    ) -> None:
        """Set up the devices.

        Args:
            sessions: of the devices, all with one clock.
            stacked: returns the views of all devices in one array, if the handshake has brought them.
        """
        self.sessions = sessions
        self.clock = sessions[0].clock
        self._stacked = stacked
        self._group: LinkGroup | None = None

    def answer_later_with(self, send: Callable[[Addressed], None], give_up: Callable[[int, Exception], None]) -> None:
        """Set how answers leave that are not ready at once; both are called from other threads.

        Args:
            send: takes answers, each with its port.
            give_up: takes a port and an error, after which its device gives up.
        """
        for port, session in enumerate(self.sessions):
            session.answer_later_with(partial(_send_from, send, port), partial(give_up, port))

    def react(self, messages: Iterable[tuple[int, Downlink]], heard_ns: int | None = None) -> Iterator[Addressed]:
        """React to messages, each with its port, that were received together, now or at `heard_ns`.

        The blocks of a training step leave one by one, before the next message is read. The blocks of passes are made
        after all messages are read, for all ports together. Last, when everything that others wait for has left, the
        devices that train work ahead.

        Raises:
            SplitwaveError: as `DeviceSession.handle` does.
        """
        in_pass: dict[int, None] = {}
        in_training: dict[int, None] = {}
        for port, body in messages:
            of_pass = isinstance(body, Evaluate | Prediction)
            if port in in_pass and not of_pass:
                yield from self._answers(in_pass)
                in_pass.clear()
            if isinstance(body, Welcome):
                self._group = None
            for answer in self.sessions[port].handle(body, heard_ns):
                yield [(port, answer)]
            if of_pass:
                in_pass[port] = None
            elif isinstance(body, TrainStep | Gradient):
                in_training[port] = None
                while (wanted := self.sessions[port].next_block()) is not None:
                    yield self._make(wanted, (port,))
        yield from self._answers(in_pass)
        if in_training:
            with patience():
                for port in in_training:
                    self.sessions[port].work_ahead()

    def next_due_ns(self) -> int | None:
        """When the next block of an open loop is due; None if there is none, or no link has credit for one."""
        due = [at_ns for session in self.sessions if (at_ns := session.next_due_ns()) is not None]
        return min(due, default=None)

    def due_blocks(self) -> Iterator[Addressed]:
        """All blocks that are due at `next_due_ns`, after those that wait beyond their workload's limit are dropped."""
        for session in self.sessions:
            session.drop_overdue()
        at_ns = self.next_due_ns()
        yield from self._blocks(
            port for port, session in enumerate(self.sessions) if at_ns is not None and session.next_due_ns() == at_ns
        )

    def close(self) -> None:
        """Wait until no session writes a part of a checkpoint any more."""
        for session in self.sessions:
            session.close()

    def _answers(self, ports: Iterable[int]) -> Iterator[Addressed]:
        """All blocks that these ports may send now, except those with a schedule; the blocks of a round leave together.

        A port's round is `DeviceSession.together` blocks, or fewer if it may send fewer.
        """
        while ready := self._unscheduled(ports):
            yield self._round(ready)

    def _round(self, ports: Sequence[int]) -> Addressed:
        blocks: list[tuple[int, Uplink]] = []
        for _ in range(max(self.sessions[port].together for port in ports)):
            for alike in self._blocks(self._unscheduled(ports)):
                blocks += alike
        return blocks

    def _unscheduled(self, ports: Iterable[int]) -> list[int]:
        return [port for port in ports if self.sessions[port].may_send_unscheduled]

    def _blocks(self, ports: Iterable[int]) -> Iterator[Addressed]:
        """The next block of each of these ports that may send one; ports with the same block are encoded together."""
        alike: dict[NextBlock, list[int]] = {}
        for port in ports:
            wanted = self.sessions[port].next_block()
            if wanted is not None:
                alike.setdefault(wanted, []).append(port)
        for wanted, members in alike.items():
            yield self._make(wanted, members)

    def _make(self, wanted: NextBlock, members: Sequence[int]) -> Addressed:
        """Make a block for each of these ports; all are begun at the same time, and ready at the same time."""
        group, started_ns = self._group or self._new_group(), self.clock()
        features = group.features(members, wanted.key)
        encoded_ns = self.clock()
        blocks = group.quantize(features, wanted.symbols)
        times = EncodingTimes(started_ns, encoded_ns, self.clock())
        for port, block in zip(members, blocks, strict=True):
            self.sessions[port].block_made(block, times)
        return list(zip(members, blocks, strict=True))

    def _new_group(self) -> LinkGroup:
        stacked = self._stacked()
        links = tuple(session.contract.link for session in self.sessions if session.contract is not None)
        fits = stacked is not None and stacked.links == links
        self._group = LinkGroup([session.worker for session in self.sessions], stacked if fits else None)
        return self._group


def _send_from(send: Callable[[Addressed], None], port: int, body: Uplink) -> None:
    send([(port, body)])
