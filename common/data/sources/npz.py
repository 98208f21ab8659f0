"""The source `npz`: arrays x_train, y_train, x_test and y_test in one file of NumPy's; nothing in it is executed.

With x_train_0, x_test_0, x_train_1 … in place of x_train and x_test, each device has an array of its own, of any shape.

Arrays of Python objects, which only pickle can read, are refused. An array's size is checked against the archive's
directory before memory is taken for it.
"""

import re
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source import RawArray, array_bytes, check_bytes, place_of
from splitwave.common.errors import DataError
from splitwave.common.files.denied import reason_of
from splitwave.common.limits import MAX_LINKS

_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_OF_SENSOR = re.compile(r"x_(?:train|test)_(0|[1-9]\d{0,3})\Z")
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    SyntaxError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    tokenize.TokenError,  # NumPy reads a header as a text of Python
    MemoryError,  # such a text is nested too deeply
)


def read_inputs(options: SourceOptions, split: Split, data_dir: Path | None) -> RawArray:
    """The array x_train or x_test, or that of the first device.

    Raises:
        DataError: the file or the array is missing, damaged, or too large, or holds Python objects.
    """
    return read_sensor(options, 0, split, data_dir)


def read_sensor(options: SourceOptions, sensor: int, split: Split, data_dir: Path | None) -> RawArray:
    """The array x_train or x_test, or x_train_… or x_test_… of one device; errors as for `read_inputs`."""
    path = place_of(options, data_dir)
    return read_array(path, f"x_{split}_{sensor}" if _own_arrays(path) else f"x_{split}")


def sensors(options: SourceOptions, data_dir: Path | None) -> int:
    """How many arrays of inputs there are: one for all devices, or one for each.

    Raises:
        DataError: the file is missing or damaged, or has arrays of both kinds, or not all of them.
    """
    return len(_own_arrays(place_of(options, data_dir))) or 1


def _own_arrays(path: Path) -> set[int]:
    """The numbers of the devices that have arrays of their own."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = {name.removesuffix(".npy") for name in archive.namelist()}
    except _DAMAGED as error:
        raise DataError(f"{path} cannot be read: {reason_of(error)}") from error
    own = {int(match[1]) for name in found if (match := _OF_SENSOR.match(name))}
    if not own:
        return own
    if both := found & {"x_train", "x_test"}:
        raise DataError(f"{path} has {min(both)} beside arrays of single devices: keep one kind")
    if max(own) >= MAX_LINKS:
        raise DataError(f"{path} has an array of device {max(own)}: devices are numbered from 0 to {MAX_LINKS - 1}")
    if missing := {f"x_{split}_{sensor}" for sensor in range(max(own) + 1) for split in ("train", "test")} - found:
        raise DataError(f"{path} has no array {min(missing)}, and one for device {max(own)}")
    return own


def read_targets(options: SourceOptions, split: Split, data_dir: Path | None) -> RawArray:
    """The array y_train or y_test; errors as for `read_inputs`."""
    return read_array(place_of(options, data_dir), f"y_{split}")


def read_array(path: Path, name: str) -> RawArray:
    """One array of an npz file; errors as for `read_inputs`."""
    what = f"{path}, {name}"
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, path, name)
            with archive.open(member) as file:
                return _read(file, member.file_size, what)
    except _DAMAGED as error:
        raise DataError(f"{what} cannot be read: {reason_of(error)}") from error


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(f"{name}.npy")
    except KeyError:
        names = [each.removesuffix(".npy") for each in archive.namelist()]
        listed = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        raise DataError(f"{path} has no array {name}: it has {listed or 'none'}") from None


def _read(file: IO[bytes], size: int, what: str) -> RawArray:
    version = npy.read_magic(file)
    if version not in _READERS:
        raise DataError(f"{what}: NumPy format {version[0]}.{version[1]}: expected 1.0 or 2.0")
    shape, fortran_order, dtype = _READERS[version](file)
    if dtype.hasobject or dtype.kind not in "biuf":
        raise DataError(f"{what} is an array of {dtype}, which is not read: expected numbers")
    count = array_bytes(shape, dtype)
    check_bytes(count, what)
    if count > size:
        raise DataError(f"{what}: the shape {shape} of {dtype} needs {count} bytes, and the file has {size}")
    content = bytearray(count)
    if file.readinto(content) != count or file.read(1):  # type: ignore[attr-defined]
        raise DataError(f"{what}: the shape {shape} of {dtype} needs {count} bytes, and the file has another number")
    array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran_order else "C")
    return np.ascontiguousarray(array)
