"""Entry points of a package that is found during one test; the toys of `tests/plugins` are installed by a fixture."""

import sys
from pathlib import Path

import pytest


def add_entry_points(folder: Path, monkeypatch: pytest.MonkeyPatch, entry_points: str, **modules: str) -> None:
    """Make a package findable for the rest of a test.

    Args:
        folder: an empty folder, which becomes part of the import path.
        monkeypatch: removes it again.
        entry_points: the text of `entry_points.txt`.
        modules: the sources of the package's modules, by name.
    """
    info = folder / "plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))
