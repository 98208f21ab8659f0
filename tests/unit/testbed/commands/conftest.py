"""Fixtures for the tests of commands."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SPLITWAVE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"
