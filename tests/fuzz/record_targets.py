"""The decoders of files that a run keeps, and of those that a user brings to a device or an emulator."""

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from splitwave.channel.draws.gain_trace import read_gain_trace
from splitwave.common.records.manifest_fields import read_fields
from splitwave.common.records.training_manifest import TRAINING_MANIFEST_FILE, TrainingManifest
from splitwave.common.records.training_part import TrainingPart
from splitwave.device.application.sources.arrays import array_samples
from splitwave.device.application.sources.json_lines import json_samples
from tests.fuzz.target import Target
from tests.fuzz.valid_messages import CONFIGS

_JSON_TOKENS = (
    b"{", b"}", b"[" * 3000, b"[", b"]", b'"', b",", b":", b"null", b"1e999", b"NaN", b"-1", b"-5", b"9" * 5000,
    b"\\ud800", b'"step"', b'"sums"', b'"x"', b'"stream"', b"true",
)  # fmt: skip
_CSV_TOKENS = (
    b",", b"\n", b"\r", b"nan", b"inf", b"-", b"1e999", b'"', b"tx", b"link", b"time_s", b"\xff", b"9" * 5000,
)  # fmt: skip
_PART_TOKENS = (
    b'"dtype":"F64"', b'"dtype":"BOOL"', b'"shape":[9999999999]', b'"shape":[]', b'"data_offsets":[0,4]',
    b"__metadata__", b"{", b"}", b'"', b"sums", b"1e999", b"step",
)  # fmt: skip
_NPY_TOKENS = (
    b"'descr': '|O'", b"'<f8'", b"'|b1'", b"'fortran_order': True", b"(-1,)", b"(9999999999, 9999999999)", b"(",
)  # fmt: skip
_LINES = [b"[1, 2.5]\n[[1], [2]]\n", b'{"x": [1], "stream": 3}\n']


def record_targets(folder: Path) -> Iterator[Target]:
    """Targets that write their inputs into a folder before they read them."""
    for name, file, read, seeds, tokens in (
        ("training-manifest", TRAINING_MANIFEST_FILE, _read_training_manifest, list(_manifests()), _JSON_TOKENS),
        ("training-part", "device-0.safetensors", _read_part, [_part()], _PART_TOKENS),
        ("fields", "part.json", read_fields, list(_manifests()), _JSON_TOKENS),
        ("trace", "trace.csv", _read_trace, list(_traces()), _CSV_TOKENS),
        ("samples", "samples.npy", _read_samples, list(_samples()), _NPY_TOKENS),
        (
            "json-lines",
            "samples.jsonl",
            _read_lines,
            [b"[1, 2.5]\n[[1], [2]]\n", b'{"x": [1], "stream": 3}\n'],
            _JSON_TOKENS,
        ),
    ):
        path = folder / name / file

        def decode(data: bytes, path: Path = path, read: Callable[[Path], object] = read) -> object:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return read(path)

        yield Target(name, decode, seeds, tokens=tokens)


def _read_training_manifest(path: Path) -> TrainingManifest:
    return TrainingManifest.read(path.parent)


def _manifests() -> Iterator[bytes]:
    fields: dict[str, object] = {
        "format": 1, "step": 60, "settings_json": CONFIGS["levels"].canonical_json(), "data_digest": "ab" * 32,
        "device_sha256": ["ab" * 32] * 2, "basestation_sha256": "cd" * 32, "device_ids": ["a", "b"], "epochs": [],
        "sums": {"loss": 0.5},
    }  # fmt: skip
    yield json.dumps(fields).encode()
    yield json.dumps(fields, indent=1).encode()


def _part() -> bytes:
    torch.manual_seed(0)
    network = nn.Linear(3, 4)
    part = TrainingPart.copy_of(network, {"exp_avg": torch.ones(3)}, step=7, data_digest="ab", sums={"rate": 0.5})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part"
        part.write(path)
        return path.read_bytes()


def _read_part(path: Path) -> TrainingPart:
    return TrainingPart.read(path, hashlib.sha256(path.read_bytes()).hexdigest())


def _traces() -> Iterator[bytes]:
    yield b"time_s,link,gain_db,psnr_db\n0,0,-1,10\n0,1,-2,11\n1.5,0,-3,12\n"
    yield b"time_s,gain_db\n0,-1\n2,-3\n"


def _read_trace(path: Path) -> object:
    return read_gain_trace(path, 0, 10.0, None, 9600.0)


def _samples() -> Iterator[bytes]:
    for array in (np.arange(12, dtype=np.uint8).reshape(3, 4), np.ones((2, 4), dtype=np.float32)):
        file = io.BytesIO()
        np.save(file, array)
        yield file.getvalue()


def _read_samples(path: Path) -> object:
    return list(array_samples(path, (4,)))


def _read_lines(path: Path) -> object:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = list(json_samples(descriptor))
    finally:
        os.close(descriptor)
    for each in found:
        if isinstance(each, Exception):
            raise each
    return found
