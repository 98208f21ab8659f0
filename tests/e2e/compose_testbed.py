"""A testbed in containers for tests: started, followed and taken down through the command line."""

import asyncio
import json
import re
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.testbed.compose.containers import PROJECT_LABEL, Part, find_parts
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.faults import Faults
from splitwave.testbed.compose.lifecycle import remaining_resources
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.compose.target import parse_target
from splitwave.testbed.control_client import watch_run
from splitwave.testbed.engine import Event
from tests import installed_command
from tests.installed_command import SPLITWAVE, Table, output_of, summary_in
from tests.limits import LIMIT_S

ENVIRONMENT = {
    **installed_command.ENVIRONMENT,
    "BASESTATION_PORT": "0",
    "CHANNEL_PORT": "0",
    "SERVE_EVERY": "1",
    "LATE_AFTER": "2",
}


def splitwave(*arguments: str | Path) -> str:
    """Run a command that must succeed; returns its standard output."""
    return output_of(*arguments, env=ENVIRONMENT)


def finished_run(*arguments: str | Path) -> Table:
    """Run a command; returns the summary, with the printed results folder in the entry `results`."""
    return summary_in(splitwave(*arguments))


def left_over(project: str) -> list[str]:
    """List the containers, networks and volumes of a project."""
    with docker_engine() as client:
        return remaining_resources(client, project)


def kill(target: str, project: str) -> None:
    """Do the same as `splitwave fault kill`, whose start may take longer than a training on a busy machine."""
    with docker_engine() as client:
        Faults(client, project).kill(parse_target(target))


class Log:
    """The output of a service's containers, read line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Read the output of a running command."""
        assert process.stdout is not None
        self._process = process
        self._lines = process.stdout

    def until(self, event: str) -> dict[str, object]:
        """Return the next entry about an event within a time limit; earlier entries are skipped."""
        limit = threading.Timer(LIMIT_S, self._process.kill)
        limit.start()
        try:
            return self._until(event)
        finally:
            limit.cancel()

    def count_until(self, counted: str, last: str) -> int:
        """Return how many entries about the event `counted` come before the next about the event `last`."""
        limit = threading.Timer(LIMIT_S, self._process.kill)
        limit.start()
        try:
            events = [json.loads(line)["event"] for line in iter_until(self._lines, last)]
        finally:
            limit.cancel()
        assert events[-1] == last
        return events.count(counted)

    def _until(self, event: str) -> dict[str, object]:
        read = []
        for line in self._lines:
            read.append(line)
            entry = json.loads(line)
            if entry["event"] == event:
                return dict(entry)
        raise AssertionError(f"the log ended, or {LIMIT_S:g} s passed, without {event!r}: {''.join(read)}")


def iter_until(lines: Iterable[str], event: str) -> Iterator[str]:
    """Yield the entries of a log up to the first about an event."""
    for line in lines:
        yield line
        if json.loads(line)["event"] == event:
            return


class Project:
    """A running testbed."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    def parts(self) -> dict[str, Part]:
        with docker_engine() as client:
            return {part.name: part for part in find_parts(client, self.name)}

    def splitwave(self, *arguments: str) -> str:
        return splitwave(*arguments, "--project", self.name)

    def result(self, killed_after_an_epoch: str | None = None) -> RunResult:
        """Wait for the run's result; if a container is given, kill it after the first epoch."""
        victims = [] if killed_after_an_epoch is None else [killed_after_an_epoch]

        def observe(event: Event) -> None:
            if isinstance(event, EpochRecord) and victims:
                kill(victims.pop(), self.name)

        with docker_engine() as client:
            operator = operator_of(client, self.name)
        assert operator is not None
        return asyncio.run(watch_run(self.address, observe, operator))

    def up_again(self, results: Path, *arguments: str) -> "Project":
        """Start the project once more, after it was taken down with its volumes kept."""
        return _up(self.name, results, *arguments)

    @contextmanager
    def log(self, service: str) -> Iterator[Log]:
        """Follow the log of a service from its beginning."""
        command: list[str | Path] = [SPLITWAVE, "logs", service, "--follow", "--project", self.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
            try:
                yield Log(process)
            finally:
                process.kill()


@contextmanager
def taken_down(project: str) -> Iterator[str]:
    """Remove everything of a project when the context ends."""
    try:
        yield project
    finally:
        splitwave("down", "--volumes", "--project", project)


def new_project() -> str:
    """Return an unused name."""
    return f"splitwave-test-{secrets.token_hex(4)}"


@contextmanager
def up(results: Path, *settings: str) -> Iterator[Project]:
    """Start a testbed, and take it down when the context ends."""
    with taken_down(new_project()) as name:
        yield _up(name, results, *settings)


def _up(name: str, results: Path, *settings: str) -> Project:
    output = splitwave("up", "--project", name, "--results", results, *settings)
    rows = dict(line.rsplit(maxsplit=1) for line in output.splitlines())
    return Project(name, rows["base station"])


class Run:
    """A running command."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout

    @property
    def exit_code(self) -> int:
        return self._process.wait()

    def wait_for(self, beginning: str) -> None:
        """Read the output up to a line with this beginning."""
        read = []
        for line in self._output:
            read.append(line)
            if line.startswith(beginning):
                return
        raise AssertionError("".join(read))

    def rest(self) -> str:
        """Read the output until the command ends, including standard error."""
        return self._output.read()

    def interrupt(self) -> None:
        self.send(signal.SIGINT)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def project(self) -> str:
        """Return the name that the command chose for its containers."""
        with docker_engine() as client:
            parts = client.containers.list(filters={"label": PROJECT_LABEL})
        names = {part.labels[PROJECT_LABEL] for part in parts}
        (name,) = {name for name in names if re.fullmatch("splitwave-[0-9a-f]{8}", name)}
        return name


@contextmanager
def started(*arguments: str | Path) -> Iterator[Run]:
    """Start a command in the background; interrupt it if it is still running when the context ends."""
    command: list[str | Path] = [SPLITWAVE, *arguments]
    output = subprocess.PIPE
    with subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT) as process:
        try:
            yield Run(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.communicate()
