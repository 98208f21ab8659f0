"""How a running testbed is found: a file with its addresses and process ids beside its logs."""

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
        config_hash: of its settings.
        basestation, channel: where they serve, HOST:PORT.
        pids: process ids by role; `splitwave` is the command line that watches over the others.
    """

    config_hash: str
    basestation: str
    channel: str
    pids: Mapping[str, int]

    @contextmanager
    def published(self, log_dir: Path) -> Iterator[None]:
        """Keep the file in place for the body of the `with`."""
        path = log_dir / _FILE
        write_json(path, asdict(self))
        try:
            yield
        finally:
            path.unlink()


def running_testbeds(results: Path) -> list[Announcement]:
    """The testbeds whose results will go below a folder; left-overs of killed ones are passed over."""
    found = [_read(path) for path in sorted(results.glob(_RUNNING))]
    return [testbed for testbed in found if testbed and _is_alive(testbed.pids["splitwave"])]


def _read(path: Path) -> Announcement | None:
    try:
        return Announcement(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # it ended this very moment, or is another version's left-over
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, and somebody else's
        return True
    return True
