"""The model folder, which `splitwave export` writes: the one unit that is served, deployed and put on boards.

    DIR/model.json                 the links, the settings, and the SHA-256 of each part's manifest
    DIR/device-K/part.json         the part of one device, with its encoder and weights beside it
    DIR/basestation/part.json      the part of the base station, likewise
    …/signature.json               beside each manifest, see `common.records.model_signature`

A model's version is the beginning of the SHA-256 over the contents of its parts: equal for equal weights and settings,
with 8-bit encoders and without. The digest of a folder differs in that case, too.
Reading a folder takes the standard library and NumPy alone.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.errors import CheckpointError
from splitwave.common.limits import MAX_LINKS, MAX_SETTINGS_CHARACTERS
from splitwave.common.records.manifest_fields import Fields, fields_of, read_small_file
from splitwave.common.records.model_part import (
    FORMAT,
    PART_FILE,
    VERSION_DIGITS,
    DevicePart,
    PartFacts,
    StationPart,
    check_file,
    check_format,
    content_sha256,
)
from splitwave.common.records.model_signature import check_signature

MODEL_FILE = "model.json"
STATION_FOLDER = "basestation"


def device_folder(link: int) -> str:
    """The name of the folder of one device's part."""
    return f"device-{link}"


def version(parts: Sequence[DevicePart | StationPart]) -> str:
    """The version of a model with these parts, devices by link and the base station last; theirs is left out."""
    digests = "\n".join(content_sha256(part.tree()) for part in parts)
    return hashlib.sha256(digests.encode()).hexdigest()[:VERSION_DIGITS]


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """`model.json`.

    Attributes:
        version: of the model.
        links: K.
        settings_json: of the run, with the β and the PSNR that the model was exported for.
        parts: by path in the folder, the SHA-256 of each part's manifest.
    """

    version: str
    links: int
    settings_json: str
    parts: Mapping[str, str]

    @classmethod
    def read(cls, fields: Fields) -> "ModelManifest":
        """Check the values of a manifest; raises CheckpointError."""
        fields.has_only("format", "version", "links", "config", "parts")
        check_format(fields)
        links = fields.whole("links", 1, MAX_LINKS)
        names, parts = part_paths(links), fields.section("parts")
        parts.has_only(*names)
        return cls(
            version=fields.hexadecimal("version", VERSION_DIGITS),
            links=links,
            settings_json=fields.text("config", MAX_SETTINGS_CHARACTERS),
            parts={name: parts.hexadecimal(name) for name in names},
        )

    def tree(self) -> Mapping[str, object]:
        """The manifest as JSON."""
        return {
            "format": FORMAT,
            "version": self.version,
            "links": self.links,
            "config": self.settings_json,
            "parts": dict(self.parts),
        }


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder whose every file was checked.

    Attributes:
        path: of the folder.
        devices: by link.
    """

    path: Path
    manifest: ModelManifest
    devices: tuple[DevicePart, ...]
    station: StationPart

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything in the manifests: folders of one version may have other encoders of its model."""
        return hashlib.sha256(json.dumps(self.manifest.tree(), sort_keys=True).encode()).hexdigest()


def part_paths(links: int) -> tuple[str, ...]:
    """The paths of the parts' manifests in a model folder, devices by link and the base station last."""
    return (*(f"{device_folder(link)}/{PART_FILE}" for link in range(links)), f"{STATION_FOLDER}/{PART_FILE}")


def read_model(folder: Path, trusted: Path | None = None) -> ModelFolder:
    """Read a model folder and check every file in it.

    Args:
        folder: that `splitwave export` wrote.
        trusted: file with the public key that must have signed it; None for any signature, or none.

    Raises:
        CheckpointError: a file is missing or damaged, does not fit the others, or is not signed by the key.
        ConfigError: `trusted` holds no such key, or the package `cryptography` is missing.
    """
    path = folder / MODEL_FILE
    content = read_small_file(path)
    check_signature(folder, MODEL_FILE, content, trusted)
    manifest = ModelManifest.read(fields_of(path, content))
    parts = [_part_fields(folder / name, digest) for name, digest in manifest.parts.items()]
    devices, station = tuple(map(DevicePart.read, parts[:-1])), StationPart.read(parts[-1])
    for link, device in enumerate(devices):
        if device.link != link:
            raise CheckpointError(f"{parts[link].path}: link = {device.link}: expected {link}")
    facts = [*(device.facts for device in devices), station.facts]
    for fields, each in zip(parts, facts, strict=True):
        _check_fits(fields.path, each, manifest)
        _check_files(fields.path.parent, each)
    if (found := version([*devices, station])) != manifest.version:
        raise CheckpointError(
            f"{path}: version = {manifest.version}: expected {found}, which its parts make; "
            "an export with 8-bit encoders of an earlier Splitwave is exported again"
        )
    return ModelFolder(folder, manifest, devices, station)


def read_device_part(folder: Path, trusted: Path | None = None) -> DevicePart:
    """Read the folder of one device's part and check every file; arguments and errors are those of `read_model`."""
    part = DevicePart.read(_signed_fields(folder, trusted))
    _check_files(folder, part.facts)
    return part


def read_station_part(folder: Path, trusted: Path | None = None) -> StationPart:
    """Read the folder of the base station's part, likewise."""
    part = StationPart.read(_signed_fields(folder, trusted))
    _check_files(folder, part.facts)
    return part


def _signed_fields(folder: Path, trusted: Path | None) -> Fields:
    content = read_small_file(folder / PART_FILE)
    check_signature(folder, PART_FILE, content, trusted)
    return fields_of(folder / PART_FILE, content)


def _part_fields(path: Path, expected_sha256: str) -> Fields:
    return fields_of(path, check_file(path, expected_sha256))


def _check_files(folder: Path, facts: PartFacts) -> None:
    for name, sha256 in facts.files.items():
        check_file(folder / name, sha256)


def _check_fits(path: Path, facts: PartFacts, manifest: ModelManifest) -> None:
    """Refuse a part of another model, which a valid digest of its manifest does not exclude."""
    expected = {"version": manifest.version, "links": manifest.links, "settings_json": manifest.settings_json}
    for name, value in expected.items():
        if getattr(facts, name) != value:
            raise CheckpointError(f"{path}: its {name} is not that of {MODEL_FILE}")
