"""The source `images`: folders of images, one folder for each class, of any size and number of classes.

Files are decoded by Pillow, with the formats below alone: some of its others start programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.image_folders import Listing, list_split
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source import check_bytes
from splitwave.common.errors import DataError
from splitwave.common.files.denied import reason_of

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 64_000_000
"""The largest image, before it is resized; decoding takes a few bytes for each pixel."""

_MODES = {"rgb": "RGB", "grey": "L"}
_CONVERTIBLE = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}
"""Pillow's modes with 8 bits a channel: others lose most of their range when they are converted."""
_SHOWN = 5
_DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning, EOFError)


class _OtherModeError(Exception):
    """The colour mode of an image is not `data.colour`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The images of a split.

    Attributes:
        pixels: (N, H, W) or (N, 3, H, W) uint8 of the images that can be used.
        places: of these images in the listing.
        skipped: a line about those that were left out; empty if there are none.
    """

    pixels: NDArray[np.uint8]
    places: tuple[int, ...]
    skipped: str


def read_inputs(options: SourceOptions, split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
    """(N, 3, H, W) or (N, H, W) uint8 images, sorted by class and name.

    Raises:
        DataError: folders are missing or empty; files cannot be used, which the message counts and names; images have
            several sizes and `data.size` is not set.
    """
    return _decode(list_split(options, split, data_dir), options).pixels


def read_targets(options: SourceOptions, split: Split, data_dir: Path | None) -> NDArray[np.int64]:
    """(N,) classes, numbered by their sorted names; opens images only where some may be left out."""
    listing = list_split(options, split, data_dir)
    classes = np.array(listing.classes, dtype=np.int64)
    return classes[list(_places(options, split, data_dir))] if "skip" in _choices(options) else classes


def remarks(options: SourceOptions, data_dir: Path | None) -> Sequence[str]:
    """A line about the images of each split that were left out."""
    if "skip" not in _choices(options):
        return ()
    splits: tuple[Split, ...] = ("train", "test")
    found = (_decode(list_split(options, split, data_dir), options).skipped for split in splits)
    return [f"{options}: {line}" for line in found if line]


def _choices(options: SourceOptions) -> tuple[str, str]:
    return options.damaged_files, options.other_modes


@lru_cache(maxsize=4)
def _places(options: SourceOptions, split: Split, data_dir: Path | None) -> tuple[int, ...]:
    return _decode(list_split(options, split, data_dir), options).places


def _decode(listing: Listing, options: SourceOptions) -> Outcome:
    pixels: NDArray[np.uint8] | None = None
    places: list[int] = []
    problems: list[str] = []
    counts = {"damaged": 0, "mode": 0}
    for place, name in enumerate(listing.names):
        try:
            image = _image(listing.folder / name, options)
        except (_OtherModeError, *_DAMAGED) as error:
            counts["mode" if isinstance(error, _OtherModeError) else "damaged"] += 1
            if len(problems) < _SHOWN:
                problems.append(f"{name} ({_reason(error, listing.folder / name)})")
            continue
        if pixels is None:
            check_bytes(len(listing.names) * image.size, f"{listing.folder}: {len(listing.names)} images")
            pixels = np.empty((len(listing.names), *image.shape), dtype=np.uint8)
        if image.shape != pixels.shape[1:]:
            raise DataError(
                f"{listing.folder / name} has {image.shape[-1]} × {image.shape[-2]} pixels, and other images "
                f"{pixels.shape[-1]} × {pixels.shape[-2]}: set data.size = [height, width] to resize all"
            )
        pixels[len(places)] = image
        places.append(place)
    line = _line(listing, problems, sum(counts.values()))
    for kind, setting, choice in (
        ("damaged", "data.damaged_files", options.damaged_files),
        ("mode", "data.other_modes", options.other_modes),
    ):
        if counts[kind] and choice != "skip":
            raise DataError(f"{listing.folder}: {line}: {setting} = skip leaves such files out")
    if pixels is None:
        raise DataError(f"{listing.folder}: {line}: no image is left")
    return Outcome(pixels[: len(places)], tuple(places), line)


def _line(listing: Listing, problems: Sequence[str], count: int) -> str:
    if not count:
        return ""
    more = f" and {count - len(problems)} more" if count > len(problems) else ""
    return f"{count} of {len(listing.names)} files cannot be used, {', '.join(problems)}{more}"


def _image(path: Path, options: SourceOptions) -> NDArray[np.uint8]:
    """(H, W) or (3, H, W) uint8."""
    mode = _MODES[options.colour]
    with Image.open(path, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} × {image.height} pixels, at most {MAX_PIXELS:,} are read")
        if image.mode not in _CONVERTIBLE:
            raise ValueError(f"mode {image.mode}, expected 8 bits a channel")
        if image.mode != mode and options.other_modes != "convert":
            raise _OtherModeError(f"mode {image.mode}, not {mode}")
        converted = image.convert(mode)
    if options.size is not None:
        height, width = options.size
        converted = converted.resize((width, height), Image.Resampling.BILINEAR)
    array: NDArray[np.uint8] = np.asarray(converted)
    return array if array.ndim == 2 else array.transpose(2, 0, 1)


def _reason(error: Exception, path: Path) -> str:
    text = reason_of(error)
    return text.replace(str(path), path.name).splitlines()[0] if text else type(error).__name__
