"""One party's part of a checkpoint in the middle of a training: weights, optimiser state, and sums of the open epoch.

A safetensors file, whose metadata have the step, the digest of the party's data and the sums. Its digest is that of the
file's bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.whole_file import durable_file

_FORMAT = "splitwave training part 1"
_WEIGHTS, _OPTIMISER = "weights.", "optimiser."


@dataclass(frozen=True, slots=True)
class TrainingPart:
    """The state of a party between two training steps: with settings and data it decides all later ones.

    Attributes:
        step: training steps behind it.
        data_digest: of the party's data.
        weights: the state of its network, by name.
        optimiser: the state of its optimiser, by name.
        sums: of the epoch under way, by name; empty after the last step of an epoch.
    """

    step: int
    data_digest: str
    weights: Mapping[str, Tensor]
    optimiser: Mapping[str, Tensor]
    sums: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def copy_of(
        cls,
        network: nn.Module,
        optimiser: Mapping[str, Tensor],
        *,
        step: int,
        data_digest: str,
        sums: Mapping[str, float] | None = None,
    ) -> "TrainingPart":
        """Copy the state of a party, so that it can be written while training goes on."""
        return cls(step, data_digest, _copies(network.state_dict()), _copies(optimiser), dict(sums or {}))

    def write(self, path: Path) -> str:
        """Write the part, whole or not at all, and return the digest of the file.

        Raises:
            RunFailedError: a weight is not finite.
            DiskFullError: the disk is full.
            CheckpointError: the part cannot be written for another reason.
        """
        for name, tensor in self.weights.items():
            if not torch.isfinite(tensor).all():
                raise RunFailedError(f"training diverged: {name} is not finite")
        content = save(self._tensors(), self._metadata())
        try:
            with naming_full_disk(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with durable_file(path) as temporary:
                    temporary.write_bytes(content)
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be written: {error}") from None
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def read(cls, path: Path, expected_sha256: str) -> "TrainingPart":
        """Read a part.

        Raises:
            CheckpointError: the file is missing, damaged or another than expected.
        """
        check_bytes(path, expected_sha256)
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 — not a mapping
            if metadata["format"] != _FORMAT:
                raise CheckpointError(f"{path}: has the format {metadata['format']!r}, this version reads {_FORMAT!r}")
            sums = {str(name): float(value) for name, value in json.loads(metadata["sums"]).items()}
            step, data_digest = int(metadata["step"]), metadata["data_digest"]
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise CheckpointError(f"{path}: not a training part: {error}") from None
        return cls(step, data_digest, _below(tensors, _WEIGHTS), _below(tensors, _OPTIMISER), sums)

    def load_weights(self, network: nn.Module, path: Path) -> None:
        """Load the weights into a network.

        Raises:
            CheckpointError: they are those of another network; the message names `path`.
        """
        try:
            network.load_state_dict(dict(self.weights))
        except RuntimeError as error:
            reason = " ".join(str(error).split())  # torch lists what does not fit in lines of their own
            raise CheckpointError(f"{path}: not a training part of this network: {reason}") from None

    def check_data(self, data_digest: str, path: Path) -> None:
        """Check that training goes on with the same data.

        Raises:
            CheckpointError: they are others; the message names `path`.
        """
        if data_digest != self.data_digest:
            raise CheckpointError(
                f"{path}: trained with data of digest {self.data_digest[:12]}…, this party has {data_digest[:12]}…"
            )

    def _tensors(self) -> dict[str, Tensor]:
        named = {_WEIGHTS: self.weights, _OPTIMISER: self.optimiser}
        return {prefix + name: tensor for prefix, tensors in named.items() for name, tensor in tensors.items()}

    def _metadata(self) -> dict[str, str]:
        return {
            "format": _FORMAT,
            "step": str(self.step),
            "data_digest": self.data_digest,
            "sums": json.dumps(dict(self.sums)),
        }


def check_bytes(path: Path, expected_sha256: str) -> None:
    """Compare the digest of a part's bytes with the manifest's.

    Raises:
        CheckpointError: the file is missing or holds others.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint part") from None
    except OSError as error:
        raise CheckpointError(f"{path}: not a training part: {error}") from None
    if found != expected_sha256:
        raise CheckpointError(f"{path}: has the digest {found[:12]}…, the checkpoint says {expected_sha256[:12]}…")


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
