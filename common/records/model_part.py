"""The manifest of one part of a model folder, `part.json`: what one party needs, a board included.

A part is self-contained: its folder alone, with the files that the manifest lists, is enough for one device.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from splitwave.common.errors import CheckpointError
from splitwave.common.limits import MAX_DIMENSION, MAX_LINKS, MAX_SETTINGS_CHARACTERS
from splitwave.common.records.link_format import BlockLimits, ConditionsFormat, Grid
from splitwave.common.records.manifest_fields import Fields
from splitwave.common.records.part_format import InputFormat, TaskFormat
from splitwave.common.wire_dtype import symbol_bits

if TYPE_CHECKING:
    from splitwave.common.protocol.symbols import LinkContract

FORMAT = 1
"""The number of this layout of a model folder; a folder with another number is exported again."""

PART_FILE = "part.json"
WEIGHTS_FILE = "weights.safetensors"
ENCODER_FILE = "encoder.onnx"
INT8_FILE = "encoder.int8.onnx"
DECODER_FILE = "decoder.onnx"
VERSION_DIGITS = 12

_DEVICE, _STATION = "device", "basestation"
_COMMON = ("format", "party", "version", "links", "dimension", "task", "conditions", "settings", "weights_sha256")
_OF_DEVICE = ("link", "bits", "breakpoints", "levels", "input", "blocks", "files")


@dataclass(frozen=True, slots=True)
class PartFacts:
    """The values that every part of a model has, and the digests of its weights and files.

    Attributes:
        version: of the model, see `common.records.model_folder`.
        links, dimension: K, and d.
        settings_json: of the run, which a torch party makes its network by.
        weights_sha256: the digest of its weights, that of the run's checkpoint.
        files: by name, the SHA-256 of each file beside the manifest.
    """

    version: str
    links: int
    dimension: int
    task: TaskFormat
    conditions: ConditionsFormat
    settings_json: str
    weights_sha256: str
    files: Mapping[str, str]

    @classmethod
    def read(cls, fields: Fields, party: str, files: Mapping[str, bool]) -> "PartFacts":
        """Check the values; `files` says by name whether each known file must be there. Raises CheckpointError."""
        check_format(fields)
        if fields.text("party", 64) != party:
            fields.refuse("party", party)
        links = fields.whole("links", 1, MAX_LINKS)
        return cls(
            version=fields.hexadecimal("version", VERSION_DIGITS),
            links=links,
            dimension=fields.whole("dimension", 1, MAX_DIMENSION),
            task=TaskFormat.read(fields.section("task")),
            conditions=ConditionsFormat.read(fields.section("conditions"), links),
            settings_json=fields.text("settings", MAX_SETTINGS_CHARACTERS),
            weights_sha256=fields.hexadecimal("weights_sha256"),
            files=_files(fields.section("files"), files),
        )

    def tree(self, party: str) -> dict[str, object]:
        """The values as JSON, without `files`, which come last."""
        return {
            "format": FORMAT,
            "party": party,
            "version": self.version,
            "links": self.links,
            "dimension": self.dimension,
            "task": self.task.tree(),
            "conditions": self.conditions.tree(),
            "settings": self.settings_json,
            "weights_sha256": self.weights_sha256,
        }


@dataclass(frozen=True, slots=True)
class DevicePart:
    """The part of one device.

    Attributes:
        link: k.
        facts: the values that all parts have.
        grid: its quantizer.
        input: its samples.
        blocks: further terms of the link's contract.
    """

    link: int
    facts: PartFacts
    grid: Grid
    input: InputFormat
    blocks: BlockLimits

    @classmethod
    def read(cls, fields: Fields) -> "DevicePart":
        """Check the values of a manifest; raises CheckpointError."""
        fields.has_only(*_COMMON, *_OF_DEVICE)
        facts = PartFacts.read(fields, _DEVICE, {ENCODER_FILE: True, WEIGHTS_FILE: True, INT8_FILE: False})
        found = cls(
            link=fields.whole("link", 0, facts.links - 1),
            facts=facts,
            grid=Grid.read(fields),
            input=InputFormat.read(fields.section("input")),
            blocks=BlockLimits.read(fields.section("blocks")),
        )
        if fields.whole("bits", 1, 32) != found.bits:
            fields.refuse("bits", f"{found.bits}, for {len(found.grid.breakpoints)} breakpoints")
        return found

    @property
    def bits(self) -> int:
        """Bits of a symbol: ⌈log2(T + 1)⌉, or those of a real one."""
        return symbol_bits(len(self.grid.breakpoints), self.blocks.wire_dtype)

    def tree(self) -> Mapping[str, object]:
        """The manifest as JSON."""
        return {
            **self.facts.tree(_DEVICE),
            "link": self.link,
            "bits": self.bits,
            **asdict(self.grid),
            "input": self.input.tree(),
            "blocks": self.blocks.tree(),
            "files": dict(self.facts.files),
        }

    def contract(self) -> "LinkContract":
        """The contract of its link, equal to that of the run's settings."""
        from splitwave.common.protocol.symbols import LinkContract  # noqa: PLC0415 — what only parses a part is lighter

        return LinkContract(
            link=self.link,
            dimension=self.facts.dimension,
            breakpoints=len(self.grid.breakpoints),
            draws=self.blocks.draws,
            max_samples=self.blocks.max_samples,
            hard_training=self.blocks.hard_training,
            task=self.facts.task.task(),
            carries_beta=self.facts.conditions.beta_range is not None,
            links=self.facts.links,
            wire_dtype=self.blocks.wire_dtype,
        )


@dataclass(frozen=True, slots=True)
class StationPart:
    """The part of the base station."""

    facts: PartFacts

    @classmethod
    def read(cls, fields: Fields) -> "StationPart":
        """Check the values of a manifest; raises CheckpointError."""
        fields.has_only(*_COMMON, "files")
        return cls(PartFacts.read(fields, _STATION, {DECODER_FILE: True, WEIGHTS_FILE: True}))

    def tree(self) -> Mapping[str, object]:
        """The manifest as JSON."""
        return {**self.facts.tree(_STATION), "files": dict(self.facts.files)}


def check_format(fields: Fields) -> None:
    """Refuse a manifest of another format.

    Raises:
        CheckpointError: it is of another version of Splitwave.
    """
    if fields.whole("format", 0, 1 << 31) != FORMAT:
        fields.refuse("format", f"{FORMAT}, the format of this version; export the run again")


def content_sha256(tree: Mapping[str, object]) -> str:
    """SHA-256 (hex) of what identifies a part's network in its manifest.

    Without its `version`, which is computed from the digests of all parts; and without the 8-bit graph, a second form
    of the same network: a device that encodes with it fits every station that serves the model.
    """
    content = {name: value for name, value in tree.items() if name != "version"}
    files = content["files"]
    assert isinstance(files, Mapping)  # each part's manifest has them
    content["files"] = {name: sha256 for name, sha256 in files.items() if name != INT8_FILE}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_file(path: Path, expected_sha256: str) -> bytes:
    """Read a file of a part that has the recorded content.

    Raises:
        CheckpointError: it is missing, or its content is another.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected_sha256:
        raise CheckpointError(f"{path}: has SHA-256 {found[:12]}…, its manifest says {expected_sha256[:12]}…")
    return content


def _files(fields: Fields, known: Mapping[str, bool]) -> Mapping[str, str]:
    fields.has_only(*known)
    return {name: fields.hexadecimal(name) for name, needed in known.items() if needed or name in fields.names}
