"""The devices that one process hosts, each a port of its stream, and what they do together. No transport in it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from splitwave.common.protocol.messages import Downlink, Evaluate, Gradient, Prediction, TrainStep, Uplink, Welcome
from splitwave.common.runtime.urgency import patience
from splitwave.device.learning.link_group import LinkGroup
from splitwave.device.learning.views import StackedViews
from splitwave.device.session.session import DeviceSession, PassBlock

Addressed = Sequence[tuple[int, Uplink]]
"""Messages up, each with its port, that are ready at the same time."""


class DeviceHost:
    """Devices in the order of their ports.

    An open loop's blocks are not answers: whoever runs the host asks `next_due_ns` when the next one is due, and has it
    made by `due_blocks`, not while `react` is at work.
    """

    def __init__(
        self, sessions: Sequence[DeviceSession], stacked: Callable[[], StackedViews | None] = lambda: None
    ) -> None:
        """Set up the devices.

        Args:
            sessions: one a device, all with one clock.
            stacked: what they see in one array, where they do, once the handshake has brought it.
        """
        self.sessions = sessions
        self.clock = sessions[0].clock
        self._stacked = stacked
        self._group: LinkGroup | None = None

    def react(self, messages: Iterable[tuple[int, Downlink]], heard_ns: int | None = None) -> Iterator[Addressed]:
        """React to messages that came at the same time, now or at `heard_ns`, each with its port, in turn.

        Blocks that their passes ask for are encoded after all others, together, and are ready together. Last, when all
        that others wait for is on its way, devices that train work ahead.

        Raises:
            SplitwaveError: as `DeviceSession.handle` does.
        """
        asked: dict[int, None] = {}
        training: dict[int, None] = {}
        for port, body in messages:
            in_pass = isinstance(body, Evaluate | Prediction)
            if port in asked and not in_pass:
                yield from self._answers(asked)
                asked.clear()
            if isinstance(body, Welcome):
                self._group = None
            for answer in self.sessions[port].handle(body, heard_ns):
                yield [(port, answer)]
            if in_pass:
                asked[port] = None
            elif isinstance(body, TrainStep | Gradient):
                training[port] = None
        yield from self._answers(asked)
        if training:
            with patience():
                for port in training:
                    self.sessions[port].work_ahead()

    def next_due_ns(self) -> int | None:
        """When the next block of an open loop is due; None if there is none, or no link has credit for one."""
        due = [at_ns for session in self.sessions if (at_ns := session.next_due_ns()) is not None]
        return min(due, default=None)

    def due_blocks(self) -> Iterator[Addressed]:
        """The blocks that are due when the one is of which `next_due_ns` told."""
        at_ns = self.next_due_ns()
        yield from self._blocks(
            port for port, session in enumerate(self.sessions) if at_ns is not None and session.next_due_ns() == at_ns
        )

    def _answers(self, ports: Iterable[int]) -> Iterator[Addressed]:
        """All blocks that passes may send now, but for those that have a schedule; a few leave together."""
        while blocks := self._rounds(ports):
            yield blocks

    def _rounds(self, ports: Iterable[int]) -> Addressed:
        """So many blocks of each port as go together, of ports that may send so many."""
        blocks: list[tuple[int, Uplink]] = []
        for _ in range(max((self.sessions[port].together for port in ports), default=0)):
            unscheduled = [port for port in ports if self._answers_now(port)]
            for alike in self._blocks(unscheduled):
                blocks += alike
        return blocks

    def _answers_now(self, port: int) -> bool:
        session = self.sessions[port]
        return session.next_block() is not None and session.next_due_ns() is None

    def _blocks(self, ports: Iterable[int]) -> Iterator[Addressed]:
        """One block of each of these ports, together those that are alike."""
        alike: dict[PassBlock, list[int]] = {}
        for port in ports:
            wanted = self.sessions[port].next_block()
            if wanted is not None:
                alike.setdefault(wanted, []).append(port)
        for wanted, members in alike.items():
            yield self._encode(wanted, members)

    def _encode(self, wanted: PassBlock, members: Sequence[int]) -> Addressed:
        """Each block was begun when all were, and ready when all were."""
        group, started = self._links(), self.clock()
        features = group.features(members, wanted.key)
        encoded = self.clock()
        blocks = group.quantize(features, wanted.symbols)
        times = {"started_ns": started, "encoded_ns": encoded, "quantized_ns": self.clock()}
        made = zip(members, blocks, strict=True)
        return [(port, self.sessions[port].made(block, **times)) for port, block in made]

    def _links(self) -> LinkGroup:
        if self._group is None:
            stacked = self._stacked()
            links = tuple(session.contract.link for session in self.sessions if session.contract is not None)
            fits = stacked is not None and stacked.links == links
            self._group = LinkGroup([session.worker for session in self.sessions], stacked if fits else None)
        return self._group
