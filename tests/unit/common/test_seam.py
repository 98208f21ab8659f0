"""The names of implementations, which are built in or belong to other packages."""

import statistics
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.seam import Seam
from tests.entry_points import add_entry_points

SEAM: Seam[object] = Seam("a.setting", "splitwave.test_seam", {"mean": "statistics:mean", "gone": "statistics:gone"})
MODULES: Seam[object] = Seam("a.setting", "splitwave.test_seam", {"numbers": "statistics", "absent": "no_such_module"})


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with one implementation."""
    entry_points = "[splitwave.test_seam]\ntoy = splitwave_toy:TOY\nmean = splitwave_toy:TOY\n"
    add_entry_points(tmp_path, monkeypatch, entry_points, splitwave_toy="TOY = 'a toy'\n")


def test_a_built_in_implementation_is_loaded_by_name() -> None:
    mean = SEAM.load("mean")
    assert callable(mean)
    assert mean([1.0, 2.0]) == 1.5


def test_an_implementation_may_be_a_module() -> None:
    assert MODULES.load("numbers") is statistics
    with pytest.raises(ConfigError, match=r"^a\.setting = absent: no_such_module cannot be loaded: "):
        MODULES.load("absent")


@pytest.mark.usefixtures("plugin")
def test_an_implementation_of_another_package_is_found_and_never_replaces_a_built_in_one() -> None:
    assert SEAM.names == ("mean", "gone", "toy")
    assert SEAM.load("toy") == "a toy"
    assert callable(SEAM.load("mean"))


def test_an_unknown_name_is_refused_with_the_known_names() -> None:
    with pytest.raises(ConfigError, match=r"^a\.setting = maen: there is no .*; there are: mean, gone; .* mean 'mean'"):
        SEAM.load("maen")


def test_an_implementation_that_cannot_be_imported_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError, match=r"^a\.setting = gone: statistics:gone cannot be loaded: "):
        SEAM.load("gone")


def test_a_built_in_name_is_found_without_a_search_for_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splitwave.common.seam.entry_points", lambda **_: pytest.fail("searched"))
    assert SEAM.check("mean") == "mean"
