"""Messages about files that a process may not read."""

import os
from pathlib import Path


def reason_of(error: Exception) -> str:
    """The message of an error of reading a file, without its path.

    If the system denied access, the message names the file, or the first folder above it, that denies it, with
    its mode, its owner and a remedy. Containers, for example, run as another user than the one who wrote a file.
    """
    message = (isinstance(error, OSError) and error.strerror) or str(error)
    if not isinstance(error, PermissionError) or error.filename is None:
        return message
    path = Path(os.fsdecode(error.filename)).absolute()
    barrier = next((folder for folder in reversed(path.parents) if not _may_enter(folder)), path)
    try:
        status = barrier.stat()
    except OSError:
        return message
    user = os.geteuid()
    mode, allowed = status.st_mode & 0o7777, "o+rx" if barrier.is_dir() else "o+r"
    return (
        f"{message}; {barrier} has mode {mode:04o} and owner {status.st_uid}, and this process runs as user {user}: "
        f"allow it to read, with chmod {allowed}, or name a copy that it may read"
    )


def _may_enter(folder: Path) -> bool:
    return os.access(folder, os.X_OK, effective_ids=True)
