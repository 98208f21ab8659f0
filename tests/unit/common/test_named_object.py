"""Objects that settings name: where they are imported from, and what is said when they cannot be."""

import re
import sys
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.named_object import add_python_path, import_object


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's modules, on the import path for the time of a test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    add_python_path(tmp_path)
    return tmp_path


def test_a_folder_is_searched_last_and_added_once(folder: Path) -> None:
    add_python_path(folder)
    assert sys.path[-1] == str(folder)
    assert sys.path.count(str(folder)) == 1


def test_an_object_in_a_module_of_the_folder_is_found(folder: Path) -> None:
    (folder / "users_nets_1.py").write_text("class Nets:\n    answer = 42\n", encoding="utf-8")
    assert import_object("x", "users_nets_1:Nets.answer") == 42


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--python-path .*/none: no such folder"):
        add_python_path(tmp_path / "none")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import absent_thing\n", r"ModuleNotFoundError: No module named 'absent_thing', raised in .*\.py, line 1"),
        ("x = 1\nx +\n", r"SyntaxError: invalid syntax \(users_nets_2\.py, line 2\)"),
        ("\nraise OSError('a\\nb')\n", r"OSError: a b, raised in .*users_nets_2\.py, line 2"),
        ("other = 1\n", r"users_nets_2 has no 'net'"),
    ],
)
def test_a_module_that_fails_is_one_line_with_its_place(folder: Path, source: str, message: str) -> None:
    (folder / "users_nets_2.py").write_text(source, encoding="utf-8")
    sys.modules.pop("users_nets_2", None)
    with pytest.raises(ConfigError) as refused:
        import_object("encoder.network", "users_nets_2:net")
    assert re.fullmatch(rf"encoder\.network = users_nets_2:net: {message}", str(refused.value)), str(refused.value)


def test_a_module_that_is_nowhere_is_named_with_the_way_to_add_a_folder() -> None:
    with pytest.raises(ConfigError, match=r"no module 'users_nets_3'; add the folder"):
        import_object("encoder.network", "users_nets_3:net")
