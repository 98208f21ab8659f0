"""Figures of a run. Matplotlib is first imported in this package."""

import os
from importlib.util import find_spec

_VARIABLE = "MPLBACKEND"
_MODULE = "module://"


def _drop_missing_backend() -> None:
    """Unset MPLBACKEND if it names a module that is not installed, because matplotlib then refuses to be imported.

    A notebook server sets it for all programs that it starts, and names a module of its own environment. Figures are
    written to files here, which needs no such backend.
    """
    backend = os.environ.get(_VARIABLE, "")
    if not backend.startswith(_MODULE):
        return
    package = backend.removeprefix(_MODULE).partition(".")[0]
    if not package or find_spec(package) is None:
        del os.environ[_VARIABLE]


_drop_missing_backend()
