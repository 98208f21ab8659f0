"""Rooms are imported by their full name.

`import common` works by accident where the current directory is the repository's root, and nowhere else.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.unit.project.sources import ROOT, tracked

FOLDERS = frozenset(link.name for link in (ROOT / "src" / "splitwave").iterdir() if link.is_symlink() and link.is_dir())
EXCEPT = frozenset({"CHANGELOG.md", "docs/results/README.md", "tests/unit/project/test_imports.py"})
"""Files that keep the old names: history, and the examples below."""
WHOLE_MODULE = re.compile(r"""-m["',\s]+(\w+)""")
"""A module that a command starts, or the arguments of one in code."""
STATEMENT = re.compile(r"^\s*(?:>>> )?(?:import|from) (\w+)(?:\.[\w.]+)?(?: import .*| as \w+)?$", re.MULTILINE)
"""An import statement in a document."""


def imported(code: str) -> Iterator[str]:
    """The modules that a Python module imports, by a statement or by name."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(str(module), _, 0):
                yield module
            case ast.Call(ast.Name(call) | ast.Attribute(_, call), [ast.Constant(str(name)), *_]):
                if call in ("import_module", "__import__"):
                    yield name


def bare(name: str, text: str) -> list[str]:
    """The rooms that a file imports or starts by their bare name."""
    found = WHOLE_MODULE.findall(text)
    if name.endswith(".py"):
        found += imported(text)
    else:
        found += STATEMENT.findall(text)
    return [module for module in found if module.partition(".")[0] in FOLDERS]


def test_the_folders_are_those_of_the_repository() -> None:
    rooms = {"common", "device", "channel", "basestation", "testbed", "experiments", "benchmarks"}
    assert rooms <= FOLDERS


def test_nothing_is_imported_or_started_by_the_bare_name_of_a_folder() -> None:
    texts = tracked()
    assert len(texts) > 600
    found = {name: bare(name, text) for name, text in texts.items() if name not in EXCEPT}
    assert {name: modules for name, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "import common"),
        ("a.py", "import os, device.session as d"),
        ("a.py", "from basestation import run"),
        ("a.py", "def f():\n    from channel.models.awgn import Awgn"),
        ("a.py", "importlib.import_module('common.config')"),
        ("a.py", "command = ['python', '-m', 'device', '--state', '.']"),
        ("a.md", "Type\n\n    from common.limits import MAX_LINKS\n"),
        ("a.sh", "exec python3 -m channel --listen 127.0.0.1:0"),
        ("Dockerfile", 'ENTRYPOINT ["python", "-m", "channel"]'),
    ],
)
def test_a_bare_name_is_found_wherever_it_stands(name: str, text: str) -> None:
    assert len(bare(name, text)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "from splitwave.common import limits"),
        ("a.py", "from . import common"),
        ("a.py", "common = ['-m', 'pip']"),
        ("a.md", "from channel to channel, what devices import"),
        ("a.sh", "python -m splitwave.device"),
    ],
)
def test_other_names_are_not_bare(name: str, text: str) -> None:
    assert bare(name, text) == []


def test_the_package_is_made_of_links_to_the_folders_of_the_repository() -> None:
    own = {"__init__.py", "py.typed", "__pycache__"}
    entries = {path for path in (ROOT / "src" / "splitwave").iterdir() if path.name not in own}
    assert {path for path in entries if not path.is_symlink()} == set()
    assert all(path.resolve() == ROOT / path.name for path in entries)
