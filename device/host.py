"""The devices that one process hosts, each a port of its stream, and what they do together. No transport in it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from common.messages import Downlink, Evaluate, Gradient, Prediction, TrainStep, Uplink, Welcome
from device.link_group import LinkGroup
from device.session import Clock, DeviceSession, PassBlock
from device.views import StackedViews

Addressed = Sequence[tuple[int, Uplink]]
"""Messages up, each with its port, that are ready at the same time."""


class DeviceHost:
    """Devices in the order of their ports."""

    def __init__(
        self, sessions: Sequence[DeviceSession], clock: Clock, stacked: Callable[[], StackedViews | None]
    ) -> None:
        """Set up the devices.

        Args:
            sessions: one a device.
            clock: nanoseconds, monotonic, that of the sessions.
            stacked: what they see in one array, where they do, once the handshake has brought it.
        """
        self.sessions = sessions
        self._clock = clock
        self._stacked = stacked
        self._group: LinkGroup | None = None

    def react(self, messages: Iterable[tuple[int, Downlink]]) -> Iterator[Addressed]:
        """React to messages that came at the same time, each with its port, in turn.

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
                yield from self._pass_blocks(asked)
                asked.clear()
            if isinstance(body, Welcome):
                self._group = None
            for answer in self.sessions[port].handle(body):
                yield [(port, answer)]
            if in_pass:
                asked[port] = None
            elif isinstance(body, TrainStep | Gradient):
                training[port] = None
        yield from self._pass_blocks(asked)
        for port in training:
            self.sessions[port].work_ahead()

    def _pass_blocks(self, ports: Iterable[int]) -> Iterator[Addressed]:
        while due := self._due(ports):
            for wanted, members in due.items():
                started = self._clock()
                blocks = self._links().pass_blocks(members, *wanted)
                encode_ns = self._clock() - started  # each was ready when all were
                made = zip(members, blocks, strict=True)
                yield [(port, self.sessions[port].made(block, encode_ns)) for port, block in made]

    def _due(self, ports: Iterable[int]) -> dict[PassBlock, list[int]]:
        """The ports that may send, by the block that they are to send next."""
        due: dict[PassBlock, list[int]] = {}
        for port in ports:
            wanted = self.sessions[port].due
            if wanted is not None:
                due.setdefault(wanted, []).append(port)
        return due

    def _links(self) -> LinkGroup:
        if self._group is None:
            stacked = self._stacked()
            links = tuple(session.contract.link for session in self.sessions if session.contract is not None)
            fits = stacked is not None and stacked.links == links
            self._group = LinkGroup([session.worker for session in self.sessions], stacked if fits else None)
        return self._group
