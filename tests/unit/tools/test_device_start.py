"""The time and the memory of a device's start."""

import subprocess

import pytest

from tools.device_start import start


def test_a_start_that_holds_more_has_more_resident_memory() -> None:
    small, large = start(""), start("held = b'x' * (64 << 20)")

    assert small.seconds > 0
    assert 60 << 10 < large.resident_kib - small.resident_kib < 70 << 10


def test_a_start_that_fails_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        start("import no_such_module")
