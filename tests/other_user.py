"""Runs code as a user whom file permissions bind, because they do not bind root."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NOBODY = 65534


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """Give up root's rights for the body of the `with`; without them, do nothing."""
    user = os.geteuid()
    if user:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
