"""Samples in NumPy's files: .npy, and one array of an .npz."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError
from splitwave.device.application.sample import Sample, accepted_shapes


def array_samples(path: Path, shape: tuple[int, ...]) -> Iterator[Sample]:
    """The samples of an .npy file: one, or one for each entry of the first axis. The file stays on the disk.

    Args:
        path: of the file.
        shape: (C, h, w) of a sample.

    Raises:
        DataError: the file cannot be read, or its array has another shape or dtype than samples.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # the errors of NumPy, and of the libraries below it, have no common class
        raise DataError(f"{path}: not an array of NumPy that can be read: {error}") from None
    return _samples(str(path), array, shape)


def archive_samples(path: Path, name: str | None, shape: tuple[int, ...]) -> Iterator[Sample]:
    """The samples of one array of an .npz file.

    Args:
        path: of the file.
        name: of the array; None if the file has only one.
        shape: (C, h, w) of a sample.

    Raises:
        DataError: as for `array_samples`, or there is no such array, or several and none is named.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            names = list(archive.files)
            chosen = name if name is not None else names[0] if len(names) == 1 else None
            if not names:
                raise DataError(f"{path}: an .npz file without arrays")
            if chosen not in names:
                wanted = "several arrays" if name is None else f"no array {name!r}"
                raise DataError(f"{path}: {wanted}; name one of {', '.join(names)}, as in npz:{path}:{names[0]}")
            array = archive[chosen]
    except DataError:
        raise
    except Exception as error:  # likewise; a size that no memory holds is one of them
        raise DataError(f"{path}: not an .npz file that can be read: {error}") from None
    return _samples(f"{path}:{chosen}", array, shape)


def _samples(origin: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> Iterator[Sample]:
    shapes = accepted_shapes(shape)
    single = array.shape in shapes
    if not (single or array.shape[1:] in shapes) or array.dtype not in (np.float32, np.uint8):
        expected = " or ".join(map(str, shapes))
        raise DataError(
            f"{origin}: an array of shape {array.shape}, dtype {array.dtype}: expected float32 or uint8, one sample of "
            f"shape {expected}, or N of them"
        )
    if single:
        return iter((Sample(np.asarray(array), origin=origin),))
    return (Sample(np.array(each), origin=f"{origin}[{place}]") for place, each in enumerate(array))
