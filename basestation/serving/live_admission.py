"""Admits live devices to a station: versions, abilities, leases."""

import asyncio
from collections.abc import Iterator

from splitwave.basestation.links.leases import LinkLeases
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.identity import Identity
from splitwave.common.protocol.link_contract import received_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Welcome
from splitwave.common.protocol.version_check import check_device_version


class LiveAdmission:
    """The K links of a station and who holds them.

    Attributes:
        sessions: by link, the device that holds it.
    """

    def __init__(self, store: ModelStore, station_id: str) -> None:
        """Nobody is admitted yet. Args: the models; the name of the station in logs."""
        self._store = store
        self._id = station_id
        self._leases = LinkLeases(store.current.config.links)
        self.sessions: dict[int, LiveSession] = {}

    def __iter__(self) -> Iterator[LiveSession]:
        """The connected devices by link."""
        return iter([self.sessions[link] for link in sorted(self.sessions)])

    def connect(
        self, hello: Hello, peer: str, outbox_filled: asyncio.Event | None = None, device: Identity | None = None
    ) -> LiveSession:
        """Lease a link and welcome its device.

        Args:
            hello: its first message.
            peer: where it connects from.
            outbox_filled: as for `LinkSession`.
            device: its identity, if it has a certificate; the id in its Hello then counts within that name alone.

        Raises:
            ProtocolError: another protocol version, no live device, a device that encodes too few features, no such
                link free or allowed, or a device with this id is connected.
        """
        model = self._store.current
        check_device_version(hello)
        if hello.model_version is None:
            raise ProtocolError(
                f"device {hello.device_id} is to take part in a run: this station answers the queries of live devices "
                "with a trained model, and `splitwave basestation` without --serve leads a run",
                Refusal.FAILED_PRECONDITION,
            )
        if hello.max_dimension < model.config.encoder.dimension:
            raise ProtocolError(
                f"device {hello.device_id} encodes at most {hello.max_dimension} features, "
                f"this model needs {model.config.encoder.dimension}",
                Refusal.FAILED_PRECONDITION,
            )
        device_id = hello.device_id if device is None else f"{device.name}/{hello.device_id}"
        link = self._leases.lease(device_id, hello.link, None if device is None else device.links)
        session = LiveSession(received_contract(model.config, link, is_live=True), device_id, peer, outbox_filled)
        settings = model.config.canonical_json()
        session.send(
            Welcome(
                PROTOCOL_VERSION,
                self._id,
                link,
                settings,
                None,
                model_number=model.number,
                model_version=model.version,
            )
        )
        self.sessions[link] = session
        return session

    def close(self) -> None:
        """The station ends, and so do the streams after what is queued; devices come back to its successor."""
        for session in self:
            session.close()

    def dismiss(self, session: LiveSession) -> None:
        """Free the link of a device that is gone."""
        session.leave()
        del self.sessions[session.link]
        self._leases.release(session.link)
