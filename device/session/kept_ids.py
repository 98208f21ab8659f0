"""The id of a device, kept beside its state, by which a base station gives a returning device its link again."""

import fcntl
import os
import re
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path

from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.common.runtime.logger import get_logger

log = get_logger()

_ID = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
_HOST_CHARACTERS = 64


@contextmanager
def held_ids(folder: Path, links: Sequence[int | None], *, shared: bool) -> Iterator[tuple[str, ...]]:
    """Yield the ids of a process's devices, made at the first start; nobody else has them during the body.

    A folder that cannot be written holds no new id. The devices then have ids for the time being, which is enough to
    answer from a checkpoint there.

    Args:
        folder: of the option `--state`; it need not exist yet.
        links: by device, the link that it asks for, or None for any.
        shared: whether other devices use the folder, too. A device that asks for any link then takes an id there that
            no running device has; one that asks for a certain link needs no id that is kept.

    Raises:
        ConfigError: a running device has this folder and has one of these ids, and `shared` is False.
        CheckpointError: a file in the folder does not hold an id.
    """
    with ExitStack() as held:
        yield tuple(_hold_shared(folder, link, held) if shared else _hold(folder, link, held) for link in links)


def new_id() -> str:
    """Return an id that no other device has; it begins with the name of this machine, for readers of logs."""
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:_HOST_CHARACTERS]
    return f"{host}-{secrets.token_hex(6)}"


def _hold(folder: Path, link: int | None, held: ExitStack) -> str:
    path = folder / ("device.id" if link is None else f"device-{link}.id")
    try:
        return _hold_file(path, held)
    except BlockingIOError:
        raise ConfigError(
            f"--state {folder}: another running device has this folder and the id in {path.name}: give each device "
            "a folder of its own, or --shared-state to all devices of this one"
        ) from None


def _hold_shared(folder: Path, link: int | None, held: ExitStack) -> str:
    if link is not None:
        return new_id()
    number = 1
    while True:
        with suppress(BlockingIOError):  # a running device has it
            return _hold_file(folder / f"shared-{number}.id", held)
        number += 1


def _hold_file(path: Path, held: ExitStack) -> str:
    """Lock a file until `held` closes, and return the id in it, or a new one.

    Raises:
        BlockingIOError: another process has locked it.
        CheckpointError: it does not hold an id.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            file = opened.enter_context(_open(path))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            device_id = _read(path, file) or _write(file)
            held.push(opened.pop_all())
    except BlockingIOError:
        raise
    except OSError as error:  # a folder that cannot be written, or a file system without locks
        log.warning("the device's id is not kept", path=str(path), reason=str(error))
        return new_id()
    return device_id


def _open(path: Path) -> FileIO:
    try:
        return FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
    except OSError:
        if not path.is_file():
            raise
        return FileIO(path)  # an id from before the folder became read-only


def _read(path: Path, file: FileIO) -> str | None:
    """The id in a file; None if the file is empty, because it is new or its first writer was killed."""
    content = file.read()
    text = content.decode("ascii", errors="replace").removesuffix("\n")
    if content and _ID.fullmatch(text) is None:
        raise CheckpointError(f"{path}: does not hold the id of a device: remove it, and the device gets another id")
    return text or None


def _write(file: FileIO) -> str:
    made = new_id()
    file.write(f"{made}\n".encode())
    os.fsync(file.fileno())  # a device that loses its power now must return under this id
    return made
