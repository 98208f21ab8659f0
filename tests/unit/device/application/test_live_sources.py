"""Sources that give samples as they come: functions, cameras, and limits of their rate."""

import sys
import types
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from splitwave.common.errors import ConfigError, DataError, SplitwaveError
from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.sources.choice import SourceOptions, open_source
from splitwave.device.application.sources.paced import limited, paced, stamped
from tests.unit.device.application.test_sources import SHAPE, opened, pixels_of

SENSOR = """
import numpy as np
LIST = [1]
def read():
    yield np.zeros(10, np.float32)
    yield {"x": np.ones(10, np.float32), "sequence": 4}
def fail():
    yield np.zeros(10, np.float32)
    raise RuntimeError("unplugged")
def number():
    return 5
"""


@pytest.fixture
def sensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my_sensor.py").write_text(SENSOR)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_sensor", raising=False)
    return tmp_path


def test_a_function_runs_only_with_the_consent_that_names_its_folder(sensor: Path) -> None:
    with pytest.raises(ConfigError, match="it takes --python-path DIR"):
        opened("python:my_sensor:read")
    assert len(opened("python:my_sensor:read", python_path=sensor)) == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fail", "--source python:my_sensor:fail: RuntimeError: unplugged, raised in .*my_sensor.py, line 9"),
        ("number", "TypeError: it returned int: expected an iterable"),
        ("LIST", "expected a function without arguments, got list"),
        ("absent", "my_sensor has no 'absent'"),
        ("1x", "expected package.module:object"),
    ],
)
def test_a_function_that_fails_is_one_line(sensor: Path, name: str, reason: str) -> None:
    with pytest.raises(SplitwaveError, match=reason):
        opened(f"python:my_sensor:{name}", python_path=sensor)


class Camera:
    """A camera of OpenCV with three frames."""

    released = 0

    def __init__(self, number: int) -> None:
        self._frames = [np.full((480, 640, 3), 10 * value, np.uint8) for value in range(3)] if number == 0 else []

    def isOpened(self) -> bool:  # noqa: N802 — OpenCV's name
        return bool(self._frames)

    def read(self) -> "tuple[bool, np.ndarray[Any, Any] | None]":
        return (True, self._frames.pop(0)) if self._frames else (False, None)

    def release(self) -> None:
        Camera.released += 1


def test_a_camera_gives_grey_frames_of_the_models_size(monkeypatch: pytest.MonkeyPatch) -> None:
    opencv = types.SimpleNamespace(
        VideoCapture=Camera,
        COLOR_BGR2GRAY="grey",
        COLOR_BGR2RGB="colours",
        INTER_AREA="area",
        cvtColor=lambda frame, kind: {"grey": frame[..., 0], "colours": frame[..., ::-1]}[kind],
        resize=lambda frame, size, interpolation: (
            (interpolation == "area") and np.resize(frame, (size[1], size[0], *frame.shape[2:]))
        ),
    )
    monkeypatch.setitem(sys.modules, "cv2", opencv)
    monkeypatch.setattr(Camera, "released", 0)
    assert pixels_of(limited(open_source(SourceOptions("camera:0"), SHAPE, print), 3)) == [
        [0] * 10,
        [10] * 10,
        [20] * 10,
    ]
    with pytest.raises(DataError, match="camera:0: it gives no more frames"):
        opened("camera:0", shape=(3, 2, 5))
    with pytest.raises(DataError, match="camera:1: there is no such camera"):
        opened("camera:1")
    assert Camera.released >= 2


@pytest.mark.parametrize(
    ("name", "module", "remedy"),
    [("camera:0", "cv2", "pip install opencv-python-headless"), ("a.png", "PIL.Image", "pip install pillow")],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    name: str, module: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ConfigError, match=remedy):
        opened(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("camera:front", "expected camera:N"),
        ("nowhere", "no such file or folder; expected FILE"),
        ("notes.txt", ".npz"),
    ],
)
def test_an_unknown_source_is_refused(name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SplitwaveError, match=reason):
        opened(name)


def test_a_limit_asks_for_no_further_item() -> None:
    items = iter(range(5))
    assert list(limited(items, 2)) == [0, 1]
    assert next(items) == 2
    assert list(limited([7], 3)) == [7]


def test_a_stop_ends_the_wait_of_a_slow_rate() -> None:
    stop = Event()
    items = paced(range(5), 1e-6, stop)
    assert next(items) == 0
    stop.set()
    assert list(items) == []


def test_capture_times_are_given_to_samples_without_a_name() -> None:
    named, errors = Sample(1, sequence=5), SampleError("bad")
    first, second, third, fourth = stamped([2, named, errors, {"y": 1}])
    assert isinstance(first, Sample)
    assert first.captured_ns is not None
    assert (second, third) == (named, errors)
    assert isinstance(fourth, SampleError)
