"""The source `npz`: arrays x_train, y_train, x_test and y_test in one file of NumPy's; nothing in it is executed.

Arrays of Python objects, which only pickle can read, are refused. An array's size is checked against the archive's
directory before memory is taken for it.
"""

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

_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    SyntaxError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


def read_inputs(options: SourceOptions, split: Split, data_dir: Path | None) -> RawArray:
    """The array x_train or x_test.

    Raises:
        DataError: the file or the array is missing, damaged, or too large, or holds Python objects.
    """
    return read_array(place_of(options, data_dir), f"x_{split}")


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
