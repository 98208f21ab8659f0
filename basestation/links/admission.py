"""Admits devices to a run: versions, abilities, leases, data."""

import asyncio

from splitwave.basestation.links.leases import LinkLeases
from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.identity import Identity
from splitwave.common.protocol.link_contract import received_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready, Welcome
from splitwave.common.protocol.version_check import check_device_version
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.training_manifest import TrainingManifest


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
        restore: Manifest | TrainingManifest | None = None,
    ) -> None:
        """Nobody is admitted yet.

        Args:
            config: its settings, which each device is sent.
            run_id: its name in logs.
            samples: sizes of the training and test splits that every party must hold.
            data_digest: of their content.
            restore: the checkpoint to start from, which knows the ids of the devices that have its parts; None to
                start afresh.
        """
        self._config = config
        self._run_id = run_id
        self._samples = samples
        self._data_digest = data_digest
        self._restore = restore
        self._leases = LinkLeases(config.links, restore.device_ids if restore else ())
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

    def connect(
        self, hello: Hello, peer: str, outbox_filled: asyncio.Event | None = None, device: Identity | None = None
    ) -> LinkSession:
        """Lease a link and welcome its device.

        Args:
            hello: its first message.
            peer: where it connects from.
            outbox_filled: as for `LinkSession`.
            device: its identity, if it has a certificate; the id in its Hello then counts within that name alone.

        Raises:
            ProtocolError: another protocol version, a device that encodes too few features, no such link free or
                allowed, or a device with this id is connected.
        """
        check_device_version(hello)
        if hello.max_dimension < self._config.encoder.dimension:
            raise ProtocolError(
                f"device {hello.device_id} encodes at most {hello.max_dimension} features, "
                f"this run needs {self._config.encoder.dimension}",
                Refusal.FAILED_PRECONDITION,
            )
        if hello.model_version is not None:
            raise ProtocolError(
                f"device {hello.device_id} submits samples of its own: this base station carries out a run, and "
                "`splitwave serve` starts one that answers them",
                Refusal.FAILED_PRECONDITION,
            )
        device_id = hello.device_id if device is None else f"{device.name}/{hello.device_id}"
        link = self._leases.lease(device_id, hello.link, None if device is None else device.links)
        contract = received_contract(self._config, link)
        session = LinkSession(contract, device_id, peer, outbox_filled)
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

    def restore_from(self, restore: Manifest | TrainingManifest | None) -> None:
        """From now on welcome devices to start from this checkpoint."""
        self._restore = restore

    def start_over(self, restore: Manifest | TrainingManifest | None) -> None:
        """Welcome every connected device again, to start from this checkpoint, or afresh without any."""
        self._restore = restore
        for link, session in self.sessions.items():
            session.start_over(self._welcome(link))

    def dismiss(self, session: LinkSession) -> None:
        """Free the link of a device that is gone."""
        del self.sessions[session.link]
        self._leases.release(session.link)

    def _welcome(self, link: int) -> Welcome:
        restore = self._restore
        return Welcome(
            PROTOCOL_VERSION,
            self._run_id,
            link,
            self._config.canonical_json(),
            restore.device_sha256[link] if restore else None,
            restore.step if isinstance(restore, TrainingManifest) else None,
        )
