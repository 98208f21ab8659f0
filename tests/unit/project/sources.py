"""The files that git tracks."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def tracked(pattern: str = "*") -> dict[str, str]:
    """The texts of the tracked files of a pattern, by path from the root; links and what is no text are left out."""
    listed = subprocess.run(["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return texts
