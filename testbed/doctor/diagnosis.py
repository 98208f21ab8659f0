"""Runs the checks, group by group."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from splitwave.common.errors import SplitwaveError
from splitwave.testbed.doctor.finding import Check, Circumstances, Finding, Outcome, failed

_ROOM = "splitwave.testbed.doctor"
CHECKS: Mapping[str, str] = {
    "versions": f"{_ROOM}.versions:check_versions",
    "machine": f"{_ROOM}.machine:check_machine",
    "torch": f"{_ROOM}.torch_build:check_torch",
    "clock": f"{_ROOM}.clock:check_clock",
    "text": f"{_ROOM}.text_output:check_text_output",
    "variables": f"{_ROOM}.variables:check_variables",
    "folders": f"{_ROOM}.folders:check_folders",
    "data sets": f"{_ROOM}.data_sets:check_data_sets",
    "network": f"{_ROOM}.network:check_network",
    "containers": f"{_ROOM}.docker_setup:check_docker",
    "plugins": f"{_ROOM}.plugins:check_plugins",
}
"""Place of the check of each group, `module:function`, in the order of the report."""

REINSTALL = "install Splitwave and its dependencies again: pip install --force-reinstall splitwave"


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one group of checks."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> int:
        """The number of findings that make a command fail."""
        return sum(finding.outcome is Outcome.FAILED for finding in self.findings)


def examine(circumstances: Circumstances, checks: Mapping[str, str] = CHECKS) -> Iterator[Group]:
    """Run every check; one that cannot be imported or ends with an error becomes a failed finding."""
    for name, place in checks.items():
        yield Group(name, tuple(_findings(place, circumstances)))


def _findings(place: str, circumstances: Circumstances) -> Iterator[Finding]:
    try:
        check: Check = EntryPoint("check", place, _ROOM).load()
        yield from check(circumstances)
    except SplitwaveError as error:
        yield failed("check", str(error), "the message names what to correct")
    except Exception as error:  # a report about a broken machine must not break
        yield failed("check", f"ended with {type(error).__name__}: {error}", REINSTALL)
