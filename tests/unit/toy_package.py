"""A package that is installed for the length of a test, as far as its entry points go."""

import sys
from pathlib import Path

import pytest

_TOYS = Path(__file__).parents[1] / "plugins" / "toys" / "splitwave_toys"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, entry_points: str, module: str, source: str) -> None:
    """Make entry points and the one module that they name findable.

    Args:
        folder: an empty one, which becomes part of the import path.
        monkeypatch: takes it back.
        entry_points: the text of `entry_points.txt`.
        module: its name.
        source: its text.
    """
    info = folder / "toy-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, module, raising=False)


def toy_source(name: str) -> str:
    """The source of a module of the toy package in `tests/plugins`."""
    return (_TOYS / f"{name}.py").read_text(encoding="utf-8")
