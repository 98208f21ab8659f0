"""Small programs that a supervisor can start."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A function that writes a module which a supervisor can start, and returns its name."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(body: str) -> str:
        name = f"service_{len(list(tmp_path.glob('*.py')))}"
        (tmp_path / f"{name}.py").write_text("import os, signal, sys\n" + textwrap.dedent(body))
        return name

    return write
