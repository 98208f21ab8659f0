"""The plugins of other packages."""

from pathlib import Path

import pytest

from splitwave.testbed.doctor.finding import Circumstances, Finding, Outcome
from splitwave.testbed.doctor.plugins import check_plugins
from tests.entry_points import add_entry_points


def examined() -> dict[str, Finding]:
    return {finding.name: finding for finding in check_plugins(Circumstances(None, Path("results")))}


@pytest.mark.needs_torch
def test_the_engines_of_splitwave_are_found() -> None:
    findings = examined()

    assert {f"engines:{name}" for name in ("process", "inprocess", "compose")} <= findings.keys()
    assert all(finding.outcome is Outcome.OK for finding in findings.values())


def test_plugins_are_named_with_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[splitwave.channel_models]\nmine = my_models:MODEL\n"
    add_entry_points(tmp_path, monkeypatch, points, my_models="MODEL = 1\n")

    assert examined()["channel_models:mine"] == Finding("channel_models:mine", "my_models:MODEL (plugin 1)")


@pytest.mark.parametrize("source", ["raise RuntimeError('no licence')", "MODEL = 1", "import no_such_module"])
def test_a_plugin_that_cannot_be_loaded_is_a_failure(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "[splitwave.bounds]\ntheirs = their_bounds:BOUND\n"
    add_entry_points(tmp_path, monkeypatch, points, their_bounds=source)

    finding = examined()["bounds:theirs"]

    assert finding.outcome is Outcome.FAILED
    assert finding.value.startswith("their_bounds:BOUND (plugin 1) cannot be loaded: ")


def test_a_plugin_with_the_name_of_a_built_in_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.datasets]\nmnist = theirs:DATA\n")

    finding = examined()["datasets:mnist"]

    assert finding.outcome is Outcome.NOTE
    assert "is ignored" in finding.value
