"""Announces a running testbed to other commands: a file with its addresses and process ids beside its logs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from splitwave.common.files.whole_file import write_json
from splitwave.testbed.processes.process_identity import start_of

_FILE = "testbed.json"
_RUNNING = f"*/.*.partial/logs/{_FILE}"  # below the folder of all results: a running testbed's folder is hidden
_SUPERVISOR = "splitwave"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A running testbed.

    Attributes:
        config_hash: hash of its settings.
        basestation, channel: addresses of the services, HOST:PORT.
        pids: process ids by role; the role `splitwave` is the command line that supervises the others.
    """

    config_hash: str
    basestation: str
    channel: str
    pids: Mapping[str, int]

    @contextmanager
    def published(self, log_dir: Path) -> Iterator[None]:
        """Write the file on entry to the context and remove it on exit."""
        self.write(log_dir)
        try:
            yield
        finally:
            (log_dir / _FILE).unlink(missing_ok=True)  # a user may have removed the folder of the run

    def write(self, log_dir: Path) -> None:
        """Write the file, in place of an earlier one."""
        write_json(log_dir / _FILE, {**asdict(self), "supervisor_start": start_of(self.pids[_SUPERVISOR])})


class PublishedPids:
    """Keeps the announcement of a testbed up to date when processes are started again."""

    def __init__(self, log_dir: Path) -> None:
        """Args: the folder of the file; nothing is announced yet."""
        self._log_dir = log_dir
        self._published: Announcement | None = None

    @contextmanager
    def published(self, announcement: Announcement) -> Iterator[None]:
        """Announce a testbed during the `with`."""
        self._published = announcement
        try:
            with announcement.published(self._log_dir):
                yield
        finally:
            self._published = None

    def update(self, pids: Mapping[str, int]) -> None:
        """Announce these process ids, if the testbed is announced."""
        if self._published is not None:
            self._published = replace(self._published, pids=pids)
            self._published.write(self._log_dir)


class _Content(BaseModel):
    """The content of the file; `supervisor_start` tells the supervisor from a later process with the same id."""

    model_config = ConfigDict(strict=True, extra="forbid")

    config_hash: str
    basestation: str
    channel: str
    pids: dict[str, Annotated[int, Field(gt=0)]]
    supervisor_start: str

    @property
    def is_running(self) -> bool:
        return start_of(self.pids.get(_SUPERVISOR, 0)) == self.supervisor_start

    @property
    def announcement(self) -> Announcement:
        return Announcement(self.config_hash, self.basestation, self.channel, self.pids)


def running_testbeds(results: Path) -> list[Announcement]:
    """Return the running testbeds whose results will go below a folder; files left by killed ones are ignored."""
    found = [read_announcement(path.parent) for path in sorted(results.glob(_RUNNING))]
    return [testbed for testbed in found if testbed is not None]


def read_announcement(log_dir: Path) -> Announcement | None:
    """Return the announcement among a testbed's logs.

    Returns:
        None if there is none, if the command line that wrote it ended, or if the file is damaged, cannot be read or was
        written by another version.
    """
    try:
        content = _Content.model_validate_json((log_dir / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return content.announcement if content.is_running else None
