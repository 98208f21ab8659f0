"""Finds the checkpoint that a path refers to, and checks its parts against its manifest before any process starts."""

from pathlib import Path

from safetensors import SafetensorError, deserialize

from splitwave.common.errors import CheckpointError
from splitwave.common.records.manifest import BASESTATION_PART, MANIFEST_FILE, Manifest, check_weights, device_part
from splitwave.common.records.weights_digest import NamedWeights, weights_digest

_INSIDE_RESULTS = "ckpt"
# From the dtype names of safetensors to those of torch.
_DTYPES = {"F16": "float16", "F32": "float32", "F64": "float64", "I32": "int32", "I64": "int64"}


def find_checkpoint(path: Path, option: str = "--checkpoint") -> Path:
    """Return the absolute path of a checkpoint's folder.

    Args:
        path: the folder itself, the results folder that contains it, or a file in one of them, such as checkpoint.json.
        option: of the command line that named it.

    Raises:
        CheckpointError: no checkpoint was found; the message lists the places that were searched.
    """
    if not path.exists():
        raise CheckpointError(f"{option} {path}: no such folder or file")
    named = path if path.is_dir() else path.parent
    places = [named / _INSIDE_RESULTS, named]
    for folder in places:
        if (folder / MANIFEST_FILE).is_file():
            return folder.resolve()
    looked_for = " and ".join(str(folder / MANIFEST_FILE) for folder in places)
    raise CheckpointError(f"{option} {path}: no published checkpoint there: looked for {looked_for}")


def read_checkpoint(folder: Path) -> Manifest:
    """Read the manifest of a checkpoint and check that all parts are present and have the recorded weights.

    Raises:
        CheckpointError: the manifest or a part is missing or damaged.
    """
    manifest = Manifest.read(folder)
    parts = {device_part(link): digest for link, digest in enumerate(manifest.device_sha256)}
    for name, expected in {**parts, BASESTATION_PART: manifest.basestation_sha256}.items():
        path = folder / name
        check_weights(path, part_sha256(path), expected)
    return manifest


def part_sha256(path: Path) -> str:
    """Compute `splitwave.common.records.checkpoint.weights_sha256` of the network in a part, without torch.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    try:
        tensors = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint part") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a checkpoint part: {error}") from None
    return weights_digest(
        NamedWeights(
            name, f"torch.{_DTYPES.get(tensor['dtype'], tensor['dtype'])}", tuple(tensor["shape"]), tensor["data"]
        )
        for name, tensor in tensors
    )
