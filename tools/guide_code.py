"""The code in the guides: whole modules of the toy package, which the tests install and run.

A guide names a module by the markers `<!-- PATH: begin -->` and `<!-- PATH: end -->`, PATH from the repository's root.
"""

import re
from pathlib import Path

from tools.marked_block import with_block
from tools.paths import ROOT

GUIDES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
_MARKER = re.compile(r"<!-- (tests/plugins/toys/[\w/.]+): begin -->")


def with_code(page: str) -> str:
    """Return a guide with the current text of each module that it names."""
    for name in _MARKER.findall(page):
        text = (ROOT / name).read_text(encoding="utf-8").strip()
        page = with_block(page, name, f"```{Path(name).suffix[1:].replace('py', 'python')}\n{text}\n```")
    return page
