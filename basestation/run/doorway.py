"""The entrance for devices: they connect, send messages and leave. No transport."""

import asyncio

from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.coordinator import Coordinator
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.identity import Identity
from splitwave.common.protocol.live_messages import ModelReady
from splitwave.common.protocol.messages import Hello, Leaving, PartSaved, Ready, Uplink
from splitwave.common.protocol.reports import EpochReport, PassReport


class Doorway:
    """Takes what the devices' streams bring, and hands it to whom it concerns in the run."""

    def __init__(self, coordinator: Coordinator) -> None:
        """Args: who leads the run."""
        self._coordinator = coordinator

    async def wait_for_failure(self) -> str:
        """Wait until the run fails; the reason."""
        await self._coordinator.state.failed.wait()
        return self._coordinator.state.failure

    def connect(
        self, hello: Hello, peer: str, outbox_filled: asyncio.Event, device: Identity | None = None
    ) -> LinkSession:
        """Admit a device, whose certificate says who it is, or that has none.

        Raises:
            ProtocolError: see `Admission.connect`.
        """
        session = self._coordinator.admission.connect(hello, peer, outbox_filled, device)
        self._coordinator.context.events.link_leased(session, hello.software)
        self._coordinator.send_beta(session)
        return session

    def receive(self, session: LinkSession, body: Uplink) -> None:
        """Take a message of a device.

        Raises:
            ProtocolError: the run does not expect it of this link, or the device gives up.
        """
        if not session.accept(body):
            return
        match body:
            case SymbolBlock() | EpochReport() | PassReport() | PartSaved():
                self._coordinator.attempt.receive(session, body)
            case Ready():
                self._coordinator.admission.admit(session, body)
                self._coordinator.context.events.link_ready(session)
            case ModelReady():
                raise ProtocolError(f"link {session.link} is of no live device, but has a model")
            case Leaving():
                raise ProtocolError(f"it gave up: {body.reason}", Refusal.ABORTED)
            case Hello():
                raise ProtocolError(f"link {session.link} said hello twice")

    def disconnect(self, session: LinkSession, reason: str, *, may_return: bool) -> None:
        """A device is gone; it `may_return` where its connection was lost, say, and not where it gave up."""
        self._coordinator.context.events.link_closed(session, reason)
        self._coordinator.lose(session, reason, may_return=may_return)
