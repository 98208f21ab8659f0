"""Admits devices to a run: versions, abilities, leases, data."""

import asyncio

from splitwave.basestation.links.leases import LinkLeases
from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready, Welcome
from splitwave.common.protocol.symbols import LinkContract


class Admission:
    """The K links of one run and who holds them.

    Attributes:
        sessions: by link, the device that holds it.
    """

    def __init__(
        self,
        config: RunConfig,
        run_id: str,
        samples: tuple[int, int],
        data_digest: str,
        *,
        restore: tuple[str, ...],
        last_devices: tuple[str, ...] = (),
    ) -> None:
        """Nobody is admitted yet.

        Args:
            config: its settings, which each device is sent.
            run_id: its name in logs.
            samples: sizes of the training and test splits that every party must hold.
            data_digest: of their content.
            restore: by link, the digest of the checkpoint part to start from; empty to start afresh.
            last_devices: by link, the id of the device that has this part; empty if that is not known.
        """
        self._config = config
        self._run_id = run_id
        self._samples = samples
        self._data_digest = data_digest
        self._restore = restore
        self._leases = LinkLeases(config.links, last_devices)
        self._device_ready = asyncio.Event()
        self.sessions: dict[int, LinkSession] = {}

    @property
    def complete(self) -> bool:
        """Whether every link has a device that is ready."""
        return len(self.sessions) == self._config.links and all(s.ready for s in self.sessions.values())

    async def wait_until_complete(self, limit_s: float | None) -> None:
        """Wait for every link's device to be ready; without a time limit if `limit_s` is None.

        Raises:
            TimeoutError: `limit_s` seconds are over, and one is not.
        """
        async with asyncio.timeout(limit_s):
            while not self.complete:
                self._device_ready.clear()
                await self._device_ready.wait()

    def connect(self, hello: Hello, peer: str, outbox_filled: asyncio.Event | None = None) -> LinkSession:
        """Lease a link and welcome its device; the last argument is that of `LinkSession`.

        Raises:
            ProtocolError: another protocol version, a device that encodes too few features, no such link free, or a
                device with this id is connected.
        """
        if hello.protocol_version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"device {hello.device_id} speaks protocol version {hello.protocol_version}, "
                f"this base station version {PROTOCOL_VERSION}",
                Refusal.FAILED_PRECONDITION,
            )
        if hello.max_dimension < self._config.encoder.dimension:
            raise ProtocolError(
                f"device {hello.device_id} encodes at most {hello.max_dimension} features, "
                f"this run needs {self._config.encoder.dimension}",
                Refusal.FAILED_PRECONDITION,
            )
        link = self._leases.lease(hello.device_id, hello.link)
        contract = LinkContract.of(self._config, link)
        session = LinkSession(contract, hello.device_id, peer, outbox_filled)
        session.send(self._welcome(link))
        self.sessions[link] = session
        return session

    def admit(self, session: LinkSession, ready: Ready) -> None:
        """Take a device in that has loaded its data.

        Raises:
            ProtocolError: these are not the run's data.
        """
        samples = (ready.train_samples, ready.test_samples)
        if samples != self._samples or ready.data_digest != self._data_digest:
            raise ProtocolError(
                f"link {session.link} holds other data: {samples} samples with digest {ready.data_digest[:12]}…, "
                f"the base station has {self._samples} with {self._data_digest[:12]}…",
                Refusal.FAILED_PRECONDITION,
            )
        session.become_ready()
        self._device_ready.set()

    def start_over(self, restore: tuple[str, ...]) -> None:
        """Welcome every connected device again, to start from these checkpoint parts, or afresh without any."""
        self._restore = restore
        for link, session in self.sessions.items():
            session.start_over(self._welcome(link))

    def dismiss(self, session: LinkSession) -> None:
        """Free the link of a device that is gone."""
        del self.sessions[session.link]
        self._leases.release(session.link)

    def _welcome(self, link: int) -> Welcome:
        restore = self._restore[link] if self._restore else None
        return Welcome(PROTOCOL_VERSION, self._run_id, link, self._config.canonical_json(), restore)
