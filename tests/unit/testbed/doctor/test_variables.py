"""The environment variables in a report."""

from pathlib import Path

import pytest

from splitwave.testbed.doctor.finding import Circumstances, Finding, Outcome
from splitwave.testbed.doctor.variables import check_variables, without_password


def examined() -> dict[str, Finding]:
    return {finding.name: finding for finding in check_variables(Circumstances(None, Path("results")))}


def test_a_setting_with_a_wrong_value_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLITWAVE_TRAINING__EPOCHS", "none")

    findings = examined()

    assert findings["SPLITWAVE_TRAINING__EPOCHS"].value == "none"
    assert findings["settings"].outcome is Outcome.FAILED
    assert "SPLITWAVE_TRAINING__EPOCHS" in findings["settings"].value


@pytest.mark.parametrize("name", ["API_KEY", "MY_TOKEN", "DB_PASSWORD", "CLIENT_SECRET", "training__token"])
def test_a_report_contains_no_value_of_a_variable_that_is_secret_by_its_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SPLITWAVE_{name}", "hunter2")

    findings = examined()

    assert findings[f"SPLITWAVE_{name}"].value == "(not shown)"
    assert "hunter2" not in str(findings)


def test_valid_settings_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLITWAVE_SEED", "7")

    findings = examined()

    assert findings["SPLITWAVE_SEED"].value == "7"
    assert findings["settings"].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:secret@proxy.example:3128/", "http://***@proxy.example:3128/"),
        ("http://me:se@cret@proxy.example", "http://***@proxy.example"),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("a@b", "a@b"),
        ("http://[::1:secret@", "(a URL with a password)"),
    ],
)
def test_a_report_contains_no_password_of_a_proxy(text: str, shown: str) -> None:
    assert without_password(text) == shown
