"""Samples on standard input, one in each line, as JSON."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from splitwave.device.application.sample import Sample, SampleError

_PIECE_BYTES = 1 << 16
_LONGEST_LINE_BYTES = 64 * 1024 * 1024


def json_samples(descriptor: int) -> Iterator[Sample | SampleError]:
    """The samples of a descriptor, as they arrive.

    A line is an array of numbers, nested as the input's shape or flat, or an object with the array as `x` and some of
    `stream`, `sequence` and `captured_ns`. Blank lines are skipped.

    Args:
        descriptor: such as 0. It is read directly, since a thread blocked in Python's buffer hinders the process's end.

    Yields:
        A sample, or the error of a line that is none.
    """
    for number, line in enumerate(_lines(descriptor), start=1):
        if not line.strip():
            continue
        try:
            yield _sample(line, f"line {number}")
        except SampleError as error:
            yield error


def _sample(line: bytes, origin: str) -> Sample:
    if len(line) > _LONGEST_LINE_BYTES:
        raise SampleError(f"{origin}: more than {_LONGEST_LINE_BYTES} bytes in a line")
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError) as error:  # text that is not UTF-8, too; nested too deeply
        raise SampleError(f"{origin}: not JSON: {error}") from None
    if not isinstance(tree, dict):
        return Sample(_array(tree, origin), origin=origin)
    found = Sample.of(tree, origin)
    return Sample(_array(found.x, origin), found.stream, found.sequence, found.captured_ns, origin)


def _array(values: object, origin: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """(…) float32, rounded from the numbers as text."""
    if not isinstance(values, list):
        raise SampleError(f"{origin}: {str(values)[:40]!r} is no array of numbers")
    try:
        numbers = np.array(values)
    except ValueError:
        raise SampleError(f"{origin}: an array whose rows have different lengths") from None
    if numbers.dtype.kind not in "iuf":
        raise SampleError(f"{origin}: an array with an entry that is no number")
    with np.errstate(over="ignore"):  # what is not finite is refused later
        return numbers.astype(np.float32)


def _lines(descriptor: int) -> Iterator[bytes]:
    """Lines without their ends; of a line that is too long, just enough to refuse it."""
    pending, most = bytearray(), _LONGEST_LINE_BYTES + 1
    with suppress(BrokenPipeError):
        while piece := os.read(descriptor, _PIECE_BYTES):
            first, *others = piece.split(b"\n")
            pending += first[: most - len(pending)]
            for line in others:
                yield bytes(pending)
                pending = bytearray(line)
    if pending:
        yield bytes(pending)
