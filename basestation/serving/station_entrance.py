"""The entrance of a station for live devices, which its uplink service serves. No transport."""

import asyncio

import structlog

from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.serving.live_admission import LiveAdmission
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.live_station import LiveStation
from splitwave.basestation.serving.model_switch import ModelSwitch
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.identity import Identity
from splitwave.common.protocol.live_messages import ModelReady
from splitwave.common.protocol.messages import Hello, Leaving, Uplink

log = structlog.get_logger()


class StationEntrance:
    """Takes what the streams of live devices bring; see `Doorway`, which is that of a run."""

    def __init__(self, station: LiveStation, admission: LiveAdmission, switch: ModelSwitch) -> None:
        """Args: whom messages concern."""
        self._station = station
        self._admission = admission
        self._switch = switch

    async def wait_for_failure(self) -> str:
        """Wait for ever: a station does not fail, it ends with its process."""
        never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        return await never

    def connect(
        self, hello: Hello, peer: str, outbox_filled: asyncio.Event, device: Identity | None = None
    ) -> LiveSession:
        """Admit a device, whose certificate says who it is, or that has none.

        Raises:
            ProtocolError: see `LiveAdmission.connect`.
        """
        session = self._admission.connect(hello, peer, outbox_filled, device)
        self._switch.greet(session, hello.model_version or "")
        log.info(
            "link leased",
            link=session.link,
            device=session.device_id,
            peer=peer,
            software=hello.software,
            model=hello.model_version,
        )
        return session

    def receive(self, session: LinkSession, body: Uplink) -> None:
        """Take a message of a device.

        Raises:
            ProtocolError: no live device sends it, or not now, or the device gives up.
        """
        assert isinstance(session, LiveSession)  # `connect` made it
        session.accept(body)
        match body:
            case SymbolBlock():
                self._station.take(session, body)
            case ModelReady():
                self._switch.loaded(session, body)
                log.info("model loaded", link=session.link, model=body.number, refusal=body.refusal)
            case Leaving():
                raise ProtocolError(f"it gave up: {body.reason}", Refusal.ABORTED)
            case Hello():
                raise ProtocolError(f"link {session.link} said hello twice")
            case _:
                raise ProtocolError(
                    f"link {session.link} sent a {type(body).__name__}, which belongs to a run: this is a station that "
                    "answers live queries",
                    Refusal.FAILED_PRECONDITION,
                )

    def disconnect(self, session: LinkSession, reason: str, *, may_return: bool) -> None:
        """A device is gone."""
        assert isinstance(session, LiveSession)
        log.info("link closed", link=session.link, device=session.device_id, reason=reason, may_return=may_return)
        self._admission.dismiss(session)
        self._station.fusion.disconnect(session.link)
        self._switch.lost()
