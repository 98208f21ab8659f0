"""The decoders of files: data sets, settings, checkpoints, ids; each reads a file that has the mutated bytes."""

import gzip
import io
import json
import pickle
import struct
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save
from torch import nn

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.settings_file import parse_value
from splitwave.common.data import cifar10, idx, mnist5k
from splitwave.common.data.sources import cifar, idx_stream, images, npz
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.records.checkpoint import load_part, weights_sha256
from splitwave.common.records.manifest import MANIFEST_FILE, Manifest
from splitwave.device.session.kept_ids import held_ids
from tests.fuzz.target import Target
from tests.fuzz.valid_messages import CONFIGS

_YAML_TOKENS = (
    b"&a ", b"*a", b"<<: ", b"!!python/object/apply:os.system ", b"!!binary ", b"? ", b"- ", b"{", b"}", b"[", b"]",
    b": ", b"\n", b"---\n", b"...\n", b"|\n", b">-\n", b"%YAML 9.9\n", b"'", b'"', b"\\U00110000", b"0x", b"1e999",
    b".nan", b"~", b"\xef\xbb\xbf", b"\xff\xfe", b"\t", b"#", b"9" * 5000, b"\xf0\x9f\x98\x80", b"links: ",
)  # fmt: skip
_JSON_TOKENS = (
    b"{", b"}", b"[" * 3000, b"[", b"]", b'"', b",", b":", b"null", b"1e999", b"NaN", b"-1", b"9" * 5000, b"\\ud800",
    b'"step"', b'"device_sha256"', b'"settings_json"',
)  # fmt: skip
_PART_TOKENS = (
    b'"dtype":"F64"', b'"dtype":"BOOL"', b'"shape":[9999999999]', b'"shape":[]', b'"data_offsets":[0,4]',
    b"__metadata__", b"{", b"}", b'"',
)  # fmt: skip
_NPY_TOKENS = (
    b"'descr': '|O'", b"'<f8'", b"'|b1'", b"'<c16'", b"'fortran_order': True", b"(-1,)", b"(9999999999, 9999999999)",
    b"(", b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06",
)  # fmt: skip
_PICKLE_TOKENS = (
    b"cos\nsystem\n", b"R", b"b", b"}", b"]", b"(", b"t", b".", b"K\x01", b"\x8c\x04data", b"r\xff\xff\xff\x7f",
    b"j\xff\xff\xff\x7f", b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"2" * 40,
    b"\x81", b"\x85", b"\x86", b"\x87", b"e", b"u", b"s", b"a",
)  # fmt: skip


def file_targets(folder: Path) -> Iterator[Target]:
    """Targets that write their inputs into a folder before they read them."""
    yield Target("idx", lambda data: idx.parse_idx(data, "the file"), [_idx((3, 4, 4)), _idx((5,))])
    yield _of_file(folder, "idx-file", "a", idx_stream.read_idx, [_idx((3, 4, 4)), gzip.compress(_idx((3, 4, 4)))])
    yield _of_file(folder, "npz", "a.npz", _read_npz, list(_npz()), _NPY_TOKENS)
    yield _of_file(folder, "settings", "a.yaml", _read_settings, list(_yaml()), _YAML_TOKENS)
    yield Target("value", _read_value, [b"0.5", b"[1, 2]", b"{a: 1}", b"~"], tokens=_YAML_TOKENS)
    yield Target("handshake", _read_handshake, list(_handshakes()), tokens=_JSON_TOKENS)
    network, part = _part()
    load = partial(load_part, module=network, expected_sha256=weights_sha256(network))
    yield _of_file(folder, "part", "device-0.safetensors", load, [part], _PART_TOKENS)
    manifest = lambda path: Manifest.read(path.parent)  # noqa: E731
    yield _of_file(folder, "manifest", MANIFEST_FILE, manifest, _manifests(), _JSON_TOKENS)
    yield _of_file(folder, "image", "train/a/0", _read_images, list(_images()))
    yield _of_file(folder, "cifar-python", "data_batch_1", _read_cifar, list(_pickles()), _PICKLE_TOKENS)
    yield _of_file(folder, "cifar-binary", "train.bin", _read_cifar, [bytes(2 * (2 + cifar.PIXELS))])
    checksums = "".join(f"{digest}  {name}\n" for name, digest in cifar10.MD5.items()).encode()
    sums = lambda path: cifar10.read_checksum_list(path.parent)  # noqa: E731
    yield _of_file(folder, "checksums", cifar10.CHECKSUMS_FILE, sums, [checksums])
    yield _of_file(folder, "mnist5k", "a.csv.gz", mnist5k.read_rows, [b"1,2,3\n" * 9, gzip.compress(b"1,2,3\n" * 9)])
    yield _of_file(folder, "device-id", "device.id", _read_id, [b"host-0123456789ab\n"])


def _of_file(
    folder: Path,
    name: str,
    file: str,
    read: Callable[[Path], object],
    seeds: list[bytes],
    tokens: tuple[bytes, ...] = (),
) -> Target:
    path = folder / name / file

    def decode(data: bytes) -> object:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read(path)

    return Target(name, decode, seeds, tokens=tokens)


def _idx(shape: tuple[int, ...]) -> bytes:
    content = np.arange(int(np.prod(shape)), dtype=np.uint8).tobytes()
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + content


def _npz() -> Iterator[bytes]:
    pixels, classes = np.arange(48, dtype=np.uint8).reshape(3, 4, 4), np.array([0, 1, 0])
    for pack in (np.savez, np.savez_compressed):
        for names in (("x_train", "x_test"), ("x_train_0", "x_test_0")):
            file = io.BytesIO()
            arrays: dict[str, Any] = dict.fromkeys(names, pixels) | {"y_train": classes, "y_test": classes * 0.5}
            pack(file, **arrays)
            yield file.getvalue()


def _read_npz(path: Path) -> list[object]:
    options = SourceOptions("npz", path.name)
    npz.sensors(options, path.parent)
    inputs = npz.read_inputs(options, "train", path.parent)
    return [inputs, npz.read_targets(options, "train", path.parent), npz.read_targets(options, "test", path.parent)]


def _yaml() -> Iterator[bytes]:
    yield b"links: 2\nencoder: {dimension: 6}\ntraining:\n  epochs: 3\n  batch_size: 16\nquantizer: {breakpoints: 6}\n"
    yield b"a: &a {epochs: 3}\ntraining:\n  <<: *a\n  learning_rate: 1e-3\nobjective: {beta: [1e-3, 0.1], draws: 2}\n"
    yield b'# comment\nchannel:\n  psnr_db: 12.5\ndata: {name: "mnist5k", view: rows}\nseed: 0x10\n'
    yield "links: 2\n".encode("utf-16")


def _read_settings(path: Path) -> RunConfig:
    return load_config(path, environment={}, warn=lambda _: None)


def _read_value(data: bytes) -> object:
    return parse_value(data.decode("utf-8", "surrogateescape"), "--set training.epochs")


def _handshakes() -> Iterator[bytes]:
    for config in CONFIGS.values():
        yield config.canonical_json().encode()


def _read_handshake(data: bytes) -> RunConfig:
    return RunConfig.from_handshake(data.decode("utf-8", "replace"))  # protobuf refuses other bytes in a string


def _part() -> tuple[nn.Module, bytes]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    return network, save(dict(network.state_dict()))


def _manifests() -> list[bytes]:
    fields: dict[str, object] = {"step": 60, "device_sha256": ["ab" * 32] * 2, "basestation_sha256": "cd" * 32}
    whole = fields | {"settings_json": CONFIGS["levels"].canonical_json(), "device_ids": ["a", "b"]}
    return [json.dumps(whole).encode(), json.dumps(fields | {"settings_json": "{}"}, indent=1).encode()]


def _images() -> Iterator[bytes]:
    pixels = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    for name in images.FORMATS:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, name)
        yield file.getvalue()
    for mode in ("1", "P", "RGBA", "I;16"):
        file = io.BytesIO()
        Image.new(mode, (8, 8)).save(file, "PNG")
        yield file.getvalue()


def _read_images(path: Path) -> object:
    root = path.parents[1].parent
    (root / "test" / "a").mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Pillow's remarks on metadata that nobody reads
        return images.read_inputs(SourceOptions("images", root.name), "train", root.parent)


def _pickles() -> Iterator[bytes]:
    content = {"data": np.arange(2 * cifar.PIXELS, dtype=np.int64).astype(np.uint8).reshape(2, -1), "labels": [3, 1]}
    for protocol in (2, 4):
        yield pickle.dumps(content, protocol)
        yield pickle.dumps({name.encode(): value for name, value in content.items()}, protocol)


def _read_cifar(path: Path) -> object:
    options = SourceOptions("cifar", path.parent.name)
    return cifar.read_inputs(options, "train", path.parents[1]), cifar.read_targets(options, "train", path.parents[1])


def _read_id(path: Path) -> tuple[str, ...]:
    with held_ids(path.parent, [None], shared=False) as ids:
        return ids
