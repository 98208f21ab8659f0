"""Writes the checkpoint of a run: every party its part, then the manifest."""

from collections.abc import Mapping, Sequence

from torch import nn

from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession, broadcast
from splitwave.basestation.run.run_context import RunContext
from splitwave.basestation.run.training_checkpoints import SHA256_DIGITS
from splitwave.common.protocol.messages import PartSaved, SaveCheckpoint
from splitwave.common.records.checkpoint import save_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest
from splitwave.common.records.results import EpochRecord


class CheckpointWriter:
    """Publishes a checkpoint once all parts are acknowledged."""

    def __init__(
        self,
        context: RunContext,
        decoder: nn.Module,
        sessions: Mapping[int, LinkSession],
        parts: LinkBarrier[PartSaved],
    ) -> None:
        """Args: the run; the base station's network; by link, whose device writes a part; takes the answers."""
        self._context = context
        self._decoder = decoder
        self._sessions = sessions
        self._parts = parts

    async def save(self, step: int, epochs: Sequence[EpochRecord]) -> Manifest:
        """Have every party write its part after these epochs; the checkpoint exists once the manifest does.

        Raises:
            RunFailedError: a parameter is not finite.
            CheckpointError: the base station's part cannot be written.
        """
        context, folder = self._context, self._context.state_dir
        Manifest.withdraw(folder)
        self._parts.expect(lambda part: part.step == step and len(part.sha256) == SHA256_DIGITS)
        broadcast(self._sessions, SaveCheckpoint(step))
        basestation = await context.compute(save_part, folder / BASESTATION_PART, self._decoder)
        parts = await self._parts.all()
        devices = tuple(part.sha256 for part in parts.values())
        ids = tuple(self._sessions[link].device_id for link in parts)
        settings, digest = context.config.canonical_json(), context.labels.data_digest
        manifest = Manifest(step, settings, devices, basestation, ids, tuple(epochs), digest)
        manifest.publish(folder)
        context.events.checkpoint_published(manifest, folder)
        return manifest
