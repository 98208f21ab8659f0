"""Versions of Python and of the required packages."""

from importlib.metadata import version

from packaging.requirements import Requirement

from splitwave.testbed.doctor.finding import Outcome
from splitwave.testbed.doctor.versions import package_finding, python_finding


def test_an_installed_version_within_its_range_is_fine() -> None:
    finding = package_finding(Requirement("numpy>=1.0"))

    assert (finding.name, finding.value, finding.outcome) == ("numpy", version("numpy"), Outcome.OK)


def test_a_package_outside_its_range_is_named_with_the_command_that_installs_another() -> None:
    finding = package_finding(Requirement("numpy>=999"))

    assert finding.outcome is Outcome.FAILED
    assert finding.value == f"{version('numpy')}, expected >=999"
    assert finding.remedy is not None
    assert finding.remedy.endswith("-m pip install 'numpy>=999'")


def test_a_missing_package_is_a_failure() -> None:
    finding = package_finding(Requirement("no-such-package-of-splitwave>=1"))

    assert (finding.outcome, finding.value) == (Outcome.FAILED, "not installed")


def test_an_unsupported_python_is_a_failure() -> None:
    assert python_finding(">=3.11").outcome is Outcome.OK
    assert python_finding("<3.0").outcome is Outcome.FAILED
    assert "expected <3.0" in python_finding("<3.0").value
