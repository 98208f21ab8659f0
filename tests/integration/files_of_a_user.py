"""A user's files of every format of a source, a few samples each, and the settings that name them."""

import gzip
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TRAIN, TEST = 40, 12
Write = Callable[[Path], dict[str, object]]
"""Writes files into a data directory; returns the section `data`."""


def draw(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def save(path: Path, **arrays: NDArray[Any]) -> None:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # its option allow_pickle is newer than NumPy 2.0


def write_idx(folder: Path) -> dict[str, object]:
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, count in (("train", TRAIN), ("t10k", TEST)):
        images, labels = draw(count, 9, 7), np.arange(count, dtype=np.uint8) % 3
        (raw / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    return {"name": "idx"}


def write_classes(folder: Path) -> dict[str, object]:
    inputs = {"x_train": draw(TRAIN, 3, 6, 5), "x_test": draw(TEST, 3, 6, 5)}
    save(folder / "mine.npz", **inputs, y_train=np.arange(TRAIN) % 4, y_test=np.arange(TEST) % 4)
    return {"name": "npz", "path": "mine.npz"}


def write_many_classes(folder: Path) -> dict[str, object]:
    labels = np.array([299, *range(TRAIN - 1)], dtype=np.uint16)
    save(folder / "m.npz", x_train=draw(TRAIN, 4, 4), y_train=labels, x_test=draw(TEST, 4, 4), y_test=labels[:TEST])
    return {"name": "npz", "path": "m.npz", "classes": 300}


def write_quantities(folder: Path) -> dict[str, object]:
    rng = np.random.default_rng(5)
    arrays = {"x_train": rng.normal(size=(TRAIN, 10)), "x_test": rng.normal(size=(TEST, 10))}
    targets = {name.replace("x", "y"): array[:, :3] * [1, 10, 100] + 5 for name, array in arrays.items()}
    save(folder / "r.npz", **arrays, **targets)
    names, units = ["x", "y", "angle"], ["m", "m", "rad"]
    return {"name": "npz", "path": "r.npz", "names": names, "units": units, "standardise": True}


def write_sensors(folder: Path) -> dict[str, object]:
    """A camera, a microphone and a thermometer."""
    shapes = ((6, 5), (2, 1, 9), (3,))
    arrays = {
        f"x_{split}_{sensor}": draw(count, *shape) if sensor == 0 else draw(count, *shape).astype(np.float32)
        for split, count in (("train", TRAIN), ("test", TEST))
        for sensor, shape in enumerate(shapes)
    }
    save(folder / "s.npz", **arrays, y_train=np.arange(TRAIN) % 4, y_test=np.arange(TEST) % 4)
    return {"name": "npz", "path": "s.npz", "view": "sensors", "standardise": True}


def write_images(folder: Path) -> dict[str, object]:
    for place in range(48):
        path = folder / "flowers" / f"class {place % 7}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = ("RGB", "L", "RGBA")[place % 3]
        side = 20 + place % 45
        Image.fromarray(np.roll(draw(side, side, 3), place, axis=0)).convert(mode).save(path)
    (folder / "flowers" / "class 3" / "broken.png").write_bytes(b"\x89PNG")
    return {"name": "images", "path": "flowers", "size": [8, 8], "test_share": 0.25, "damaged_files": "skip"}


def write_cifar(folder: Path) -> dict[str, object]:
    for name, count in (("data_batch_1", TRAIN), ("test_batch", TEST)):
        content = {b"data": draw(count, 3072), b"labels": [n % 3 for n in range(count)]}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    return {"name": "cifar", "standardise": True}


def samples(split: str, _data_dir: Path | None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    count = TRAIN if split == "train" else TEST
    return draw(count, 6, 6), np.arange(count) % 3


def name_function(_folder: Path) -> dict[str, object]:
    return {"name": "python", "path": f"{__name__}:samples"}


SOURCES_OF_DATA = (
    write_idx, write_classes, write_many_classes, write_quantities, write_sensors, write_images, write_cifar,
    name_function,
)  # fmt: skip
