"""Model folders whose manifests are real and whose networks are a few bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from splitwave.common.records.link_format import BlockLimits, ConditionsFormat, Grid
from splitwave.common.records.model_folder import MODEL_FILE, ModelManifest, device_folder, part_paths, version
from splitwave.common.records.model_part import PART_FILE, DevicePart, PartFacts, StationPart
from splitwave.common.records.part_format import CLASSIFICATION, InputFormat, TaskFormat

LINKS = 2
GRID = Grid((-0.5, 0.0, 0.5), (-1.0, -0.25, 0.25, 1.0))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_model(folder: Path) -> ModelManifest:
    """Write a model of two devices."""
    parts: list[DevicePart | StationPart] = [_device(folder, link) for link in range(LINKS)]
    parts.append(StationPart(_facts(folder / "basestation", "decoder.onnx", "weights.safetensors")))
    name, digests = version(parts), {}
    for path, part in zip(part_paths(LINKS), parts, strict=True):
        named = replace(part, facts=replace(part.facts, version=name))
        digests[path] = _write(folder / path, named.tree())
    manifest = ModelManifest(name, LINKS, "{}", digests)
    _write(folder / MODEL_FILE, manifest.tree())
    return manifest


def change_part(folder: Path, change: Mapping[str, object], remove: str = "") -> None:
    """Change values of a part's manifest as its writer could have, without regard to digests."""
    path = folder / PART_FILE
    tree = {**json.loads(path.read_bytes()), **change}
    tree.pop(remove, None)
    path.write_text(json.dumps(tree), encoding="utf-8")


def _device(folder: Path, link: int) -> DevicePart:
    facts = _facts(folder / device_folder(link), "encoder.onnx", "weights.safetensors")
    return DevicePart(link, facts, GRID, InputFormat((1, 2, 3)), BlockLimits(1, 256, hard_training=False))


def _facts(folder: Path, *files: str) -> PartFacts:
    folder.mkdir(parents=True)
    digests = {}
    for name in files:
        content = f"{folder.name}, {name}".encode()
        (folder / name).write_bytes(content)
        digests[name] = sha256(content)
    conditions = ConditionsFormat((1e-3,) * LINKS, None, (), as_input=False)
    return PartFacts("", LINKS, 4, TaskFormat(CLASSIFICATION, 10), conditions, "{}", "0" * 64, digests)


def _write(path: Path, tree: Mapping[str, object]) -> str:
    content = json.dumps(tree).encode()
    path.write_bytes(content)
    return sha256(content)
