"""Fusion policies of another package, installed where Python finds them: a distribution with entry points."""

import sys
from pathlib import Path

import pytest

ENTRY_POINTS = """\
[splitwave.fusion_policies]
first = splitwave_toy_policies:FirstLink
no-policy = splitwave_toy_policies:NoPolicy
"""

MODULE = '''\
class FirstLink:
    """Decodes a block as soon as any link is in."""

    def is_complete(self, present, expected):
        return bool(present)


class NoPolicy:
    pass
'''


@pytest.fixture
def toy_policies(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the policies `first`, and `no-policy`, which is none."""
    folder: Path = tmp_path_factory.mktemp("site-packages")
    info = folder / "splitwave_toy_policies-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: splitwave-toy-policies\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "splitwave_toy_policies.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "splitwave_toy_policies", raising=False)
