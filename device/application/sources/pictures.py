"""Samples in image files, read by Pillow."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from splitwave.common.errors import ConfigError
from splitwave.device.application.sample import Sample, SampleError

SUFFIXES = (".png", ".jpg", ".jpeg")

_GREY = 1
_MODES = {_GREY: "L", 3: "RGB"}


def picture_samples(path: Path, shape: tuple[int, ...], *, resize: bool) -> Iterator[Sample]:
    """The sample of an image file: uint8 pixels, grey or in colours as the model's input.

    Args:
        path: of the file.
        shape: (C, h, w) of a sample, C = 1 or 3.
        resize: whether an image of another size is resized; else it is refused, because a device that sees a part of an
            image must get that part and not the whole.

    Raises:
        ConfigError: Pillow is not installed, or the model's input is no image.
        SampleError: the file is no image that can be read, or of another size.
    """
    mode, (width, height) = picture_mode(shape), (shape[-1], shape[-2])
    pillow = _pillow()
    try:
        with pillow.open(path) as file:
            image = file.convert(mode)
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        raise SampleError(f"{path}: not an image that can be read: {error}") from None
    if image.size != (width, height):
        if not resize:
            raise SampleError(
                f"{path}: an image of {image.size[0]} × {image.size[1]} pixels: expected {width} × {height}, as the "
                "model's input, or the option --resize"
            )
        image = image.resize((width, height))
    pixels = np.asarray(image, dtype=np.uint8).reshape(height, width, -1)
    yield Sample(np.ascontiguousarray(pixels.transpose(2, 0, 1)), origin=str(path))


def picture_mode(shape: tuple[int, ...]) -> str:
    """Pillow's name for the colours of the model's input.

    Raises:
        ConfigError: the input is no image.
    """
    if len(shape) != len(("channels", "height", "width")) or shape[0] not in _MODES:
        raise ConfigError(
            f"the model's input has the shape {shape}: an image has 1 or 3 channels, a height and a width"
        )
    return _MODES[shape[0]]


def _pillow() -> Any:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise ConfigError("image files are read by Pillow, which is not installed: pip install pillow") from None
