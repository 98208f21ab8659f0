"""Samples of a camera, read by OpenCV: every frame in the colours and the size of the model's input."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from splitwave.common.errors import ConfigError, DataError
from splitwave.device.application.sample import Sample
from splitwave.device.application.sources.pictures import picture_mode


def camera_samples(number: int, shape: tuple[int, ...]) -> Iterator[Sample]:
    """The frames of a camera as uint8 pixels, without an end.

    Args:
        number: of the camera, as the operating system counts them.
        shape: (C, h, w) of a sample, C = 1 or 3; a frame is resized to it.

    Raises:
        ConfigError: OpenCV is not installed, or the model's input is no image.
        DataError: there is no such camera.
    """
    cv2, mode = _opencv(), picture_mode(shape)
    camera = cv2.VideoCapture(number)
    if not camera.isOpened():
        camera.release()
        raise DataError(f"camera:{number}: there is no such camera, or another program has it")
    return _frames(cv2, camera, number, shape, cv2.COLOR_BGR2GRAY if mode == "L" else cv2.COLOR_BGR2RGB)


def _frames(cv2: Any, camera: Any, number: int, shape: tuple[int, ...], colours: int) -> Iterator[Sample]:
    height, width = shape[-2:]
    with _released(camera):
        while True:
            taken, frame = camera.read()
            if not taken:
                raise DataError(f"camera:{number}: it gives no more frames")
            resized = cv2.resize(cv2.cvtColor(frame, colours), (width, height), interpolation=cv2.INTER_AREA)
            pixels = np.asarray(resized, dtype=np.uint8).reshape(height, width, -1)
            yield Sample(np.ascontiguousarray(pixels.transpose(2, 0, 1)), origin=f"camera:{number}")


@contextmanager
def _released(camera: Any) -> Iterator[None]:
    try:
        yield
    finally:
        camera.release()


def _opencv() -> Any:
    try:
        return importlib.import_module("cv2")
    except ImportError:
        raise ConfigError(
            "cameras are read by OpenCV, which is not installed: pip install opencv-python-headless"
        ) from None
