"""A testbed whose parties are started one by one, each with a folder of its own, and again when they end."""

import asyncio
import json
from pathlib import Path

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import SplitwaveError
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import ask_status
from tests.e2e.chaos.forked_party import ForkedParty
from tests.limits import LIMIT_S

BASESTATION, CHANNEL = "basestation", "channel"


class ByHand:
    """The parties of one run, by name: base station, channel emulator, `device-0`, `device-1`, …"""

    def __init__(
        self, config: RunConfig, folder: Path, *, checkpoint_every: int, certificates: Path | None = None
    ) -> None:
        """Nothing runs yet.

        Args:
            config: the run's settings.
            folder: for all files.
            checkpoint_every: steps between two checkpoints of the training.
            certificates: folder with those of each party, for mutual TLS.
        """
        self.parties: dict[str, ForkedParty] = {}
        self.folder = folder
        self._config = config
        self._checkpoint_every = checkpoint_every
        self._certificates = certificates
        folder.mkdir(parents=True)
        (folder / "run.yaml").write_text(to_yaml(config), encoding="utf-8")

    async def start_basestation(self, *options: str) -> str:
        """Start the base station; returns its address."""
        return await self._start(
            BASESTATION,
            f"--config={self.folder / 'run.yaml'}",
            f"--state={self.folder / BASESTATION}",
            f"--summaries={self.folder / 'summaries'}",
            f"--checkpoint-every={self._checkpoint_every}",
            "--resume",
            f"--rejoin={LIMIT_S}",
            "--log-format=json",
            *options,
        )

    async def start_channel(self, basestation: str) -> str:
        """Start the channel emulator in front of a base station; returns its address."""
        return await self._start(CHANNEL, f"--connect={basestation}")

    async def start_device(self, link: int, channel: str) -> None:
        """Start the device of a link, which connects to a channel emulator."""
        name = f"device-{link}"
        options = (f"--state={self.folder / name}", f"--link={link}", f"--connect-timeout={LIMIT_S}")
        await self._start(name, f"--connect={channel}", *options)

    async def stop(self) -> None:
        """End all parties."""
        await asyncio.gather(*(party.stop() for party in self.parties.values()))

    async def finished(self) -> None:
        """Wait until the base station has ended well.

        Raises:
            TimeoutError: it has not.
        """
        async with asyncio.timeout(LIMIT_S):
            await self.parties[BASESTATION].over.wait()

    async def status(self) -> pb.RunStatus | None:
        """The status of the run; None while no base station answers."""
        operator = None if self._certificates is None else TlsFolder(self._certificates / "operator")
        try:
            return await ask_status(self.parties[BASESTATION].address, operator)
        except SplitwaveError:
            return None

    def weights_sha256(self) -> str:
        """The digest in the summary of the run; each base station that had the result has written one.

        Raises:
            ValueError: there is none, or they differ.
        """
        summaries = [
            json.loads(path.read_text(encoding="utf-8")) for path in (self.folder / "summaries").glob("*.json")
        ]
        (digest,) = {summary["weights_sha256"] for summary in summaries}
        return str(digest)

    async def _start(self, name: str, *arguments: str) -> str:
        role = name.partition("-")[0]
        tls = () if self._certificates is None else (f"--tls-dir={self._certificates / name}",)
        log = self.folder / f"{name}.log"
        serves = role in (BASESTATION, CHANNEL)
        party = ForkedParty(f"splitwave.{role}.__main__", (*arguments, *tls), log, serves=serves)
        self.parties[name] = party
        await party.start()
        return party.address
