"""Announces a running testbed to other commands: a file with its addresses and process ids beside its logs."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from splitwave.common.files.whole_file import write_json

_FILE = "testbed.json"
_RUNNING = f"*/.*.partial/logs/{_FILE}"  # below the folder of all results: a running testbed's folder is hidden


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
        path = log_dir / _FILE
        write_json(path, asdict(self))
        try:
            yield
        finally:
            path.unlink()


def running_testbeds(results: Path) -> list[Announcement]:
    """Return the running testbeds whose results will go below a folder; files left by killed ones are ignored."""
    found = [read_announcement(path.parent) for path in sorted(results.glob(_RUNNING))]
    return [testbed for testbed in found if testbed and _is_alive(testbed.pids["splitwave"])]


def read_announcement(log_dir: Path) -> Announcement | None:
    """Return the announcement among a testbed's logs; None if there is none, or another version wrote it."""
    try:
        return Announcement(**json.loads((log_dir / _FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, but another user's
        return True
    return True
