"""One party's part of a checkpoint: a safetensors file, and the digest that proves which weights it holds.

These parts hold weights, which is enough for inference; training goes on from those of `training_part`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.files.folders import try_out
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.whole_file import durable_file
from splitwave.common.records.manifest import check_weights
from splitwave.common.records.weights_digest import NamedWeights, weights_digest


def weights_sha256(module: nn.Module) -> str:
    """Return `weights_digest` of a network's parameters and buffers."""
    return weights_digest(
        NamedWeights(name, str(tensor.dtype), tuple(tensor.shape), tensor.detach().contiguous().cpu().numpy().tobytes())
        for name, tensor in module.state_dict().items()
    )


def combined_sha256(parts: Iterable[str]) -> str:
    """Return the digest of a whole run: SHA-256 (hex) over the parties' digests, devices by link, base station last."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def check_state_dir(folder: Path, option: str) -> None:
    """Check, before hours of training, that a party can write its part.

    Args:
        folder: for the part; created if missing.
        option: of the command line that named it.

    Raises:
        DiskFullError: the disk is full.
        CheckpointError: the part cannot be written there for another reason.
    """
    try:
        try_out(folder)
    except OSError as error:
        raise CheckpointError(f"{option} {folder}: no checkpoint can be written there: {error}") from None


def save_part(path: Path, module: nn.Module) -> str:
    """Write a party's parameters, first under a temporary name, and return their digest.

    Raises:
        RunFailedError: a parameter is not finite.
        DiskFullError: the disk is full.
        CheckpointError: the part cannot be written for another reason.
    """
    state = {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise RunFailedError(f"training diverged: {name} is not finite")
    try:
        with naming_full_disk(path), durable_file(path) as temporary:
            temporary.write_bytes(save(_without_sharing(state)))  # not `save_file`, whose errors have no errno
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: cannot be written: {error}") from None
    return weights_sha256(module)


def _without_sharing(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, each with memory of its own, as the format asks: parameters of one name may be tied to others.

    Reading them copies both into the one parameter.
    """
    seen: set[int] = set()
    separate = {}
    for name, tensor in state.items():
        shared = tensor.untyped_storage().data_ptr() in seen
        seen.add(tensor.untyped_storage().data_ptr())
        separate[name] = tensor.clone() if shared else tensor
    return separate


def load_part(path: Path, module: nn.Module, expected_sha256: str) -> None:
    """Read a party's parameters into `module`.

    Raises:
        CheckpointError: the file is missing or damaged, belongs to another network, or holds other weights.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint part")
    try:
        module.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())  # torch lists what does not fit in lines of their own
        raise CheckpointError(f"{path}: not a checkpoint part of this network: {reason}") from None
    check_weights(path, weights_sha256(module), expected_sha256)
