"""The file of a Unix socket: made for one user, taken from a dead process, and removed at the end."""

import argparse
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitwave.common.errors import AddressError
from splitwave.common.runtime.address import parse_listen_address, socket_name

_MODES = 0o777


def parse_mode(text: str) -> int:
    """Parse permissions in octal, such as 600 or 660; an argument type."""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 < mode <= _MODES:
        raise argparse.ArgumentTypeError(f"{text}: expected permissions in octal, such as 600 or 660")
    return mode


def socket_path(address: str, option: str) -> Path:
    """The path of an address `unix:PATH`.

    Raises:
        AddressError: it is another address; one in the abstract namespace has no permissions.
    """
    parsed = parse_listen_address(address, option)
    if not parsed.lower().startswith("unix:"):
        raise AddressError(f"{option} {address}: expected unix:PATH, whose file says who may connect")
    return Path(socket_name(parsed))


@contextmanager
def owned_socket(path: Path, mode: int) -> Iterator[None]:
    """Make sure that the path is free, and that what is bound there in the body gets these permissions at once.

    Args:
        path: of the socket.
        mode: its permissions.

    Raises:
        AddressError: a process listens there, or something else than a socket is there.
    """
    _free(path)
    # From the first moment on: a socket that others may connect to for a moment gives them a connection that stays.
    before = os.umask(_MODES & ~mode)
    try:
        yield
    finally:
        os.umask(before)
    path.chmod(mode)


def _free(path: Path) -> None:
    """Remove the socket of a process that is dead."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise AddressError(f"cannot listen on unix:{path}: {error.strerror}") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise AddressError(f"cannot listen on unix:{path}: a file that is no socket is in the way")
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:  # its queue of connections is full
            pass
        except OSError as error:
            raise AddressError(f"cannot listen on unix:{path}: {error.strerror}") from None
    raise AddressError(f"cannot listen on unix:{path}: another process has it")
