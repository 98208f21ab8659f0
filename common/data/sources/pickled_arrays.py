"""Reads the dictionaries of arrays in CIFAR's `-py` files without executing anything.

A pickle is a program: it names functions, and calls them. Here the only names that it may use are those of a NumPy
array's parts, and stand-ins that merely keep their arguments are called in their place. The interpreter is Python's
own in Python, whose memory a file cannot inflate by a large index.
"""

import io
import math
import pickle
import struct
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError
from splitwave.common.files.denied import reason_of

MAX_FILE_BYTES = 512 << 20

_DAMAGED = (
    OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, MemoryError, RecursionError, UnicodeError, struct.error,
)  # fmt: skip


class _Kept:
    """Keeps the arguments of a call, and the state that was set after it."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, tuple) else ()

    def __hash__(self) -> int:
        return id(self)


class _Array(_Kept):
    """An array: its state is version, shape, dtype, order and bytes."""


class _Dtype(_Kept):
    """A dtype: its first argument is the code."""


_RECONSTRUCT = {(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
_REFUSED = b"".join(
    (
        pickle.BYTEARRAY8, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.PERSID, pickle.BINPERSID, pickle.EXT1,
        pickle.EXT2, pickle.EXT4,
    )
)  # fmt: skip
"""Instructions that no array needs: the first takes as much memory as the file says."""


def read_pickled(path: Path) -> Mapping[str, object]:
    """The dictionary in a pickle, with (N, M) uint8 arrays, lists and numbers; text keys, whatever Python wrote it.

    Raises:
        DataError: the file cannot be read, is larger than `MAX_FILE_BYTES`, or uses anything but such values.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataError(f"{path} has {size:,} bytes: at most {MAX_FILE_BYTES:,} are read")
        found = _Reader(io.BytesIO(path.read_bytes())).load()
        if not isinstance(found, dict):
            raise DataError(f"{path} holds a {type(found).__name__}: expected a dictionary of arrays")
        return {_text(key): _value(value, path) for key, value in found.items()}
    except _DAMAGED as error:
        raise DataError(f"{path} cannot be read as CIFAR's Python version: {reason_of(error)}") from error


class _Reader(pickle._Unpickler):
    """Executes a pickle that may only keep arrays."""

    dispatch: ClassVar = {code: load for code, load in pickle._Unpickler.dispatch.items() if code not in _REFUSED}

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, encoding="bytes")

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """The stand-in for a name.

        Raises:
            UnpicklingError: any other name.
        """
        if (module, name) in _RECONSTRUCT:
            return partial(_Array)
        if (module, name) == ("numpy", "dtype"):
            return partial(_Dtype)
        if (module, name) == ("numpy", "ndarray"):
            return lambda *_: None
        if (module, name) == ("_codecs", "encode"):  # how protocol 2 of Python 3 writes bytes
            return lambda text, encoding: str(text).encode("latin-1") if encoding == "latin1" else b""
        raise pickle.UnpicklingError(f"it calls {module}.{name}, which is not executed")


def _text(key: object) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)


def _value(value: object, path: Path) -> object:
    return _array(value, path) if isinstance(value, _Array) else value


def _array(kept: _Array, path: Path) -> NDArray[np.uint8]:
    _, shape, dtype, fortran_order, content = kept.state
    code = _text(dtype.arguments[0]) if isinstance(dtype, _Dtype) else ""
    if code != "u1" or not isinstance(content, bytes) or len(content) != math.prod(shape):
        raise DataError(f"{path}: an array of {code or 'objects'} with shape {shape}: expected bytes, u1")
    sizes = tuple(map(int, shape))
    return np.frombuffer(content, dtype=np.uint8).reshape(sizes, order="F" if fortran_order else "C")
