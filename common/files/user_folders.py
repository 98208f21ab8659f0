"""The user's default folders, by the rules of the XDG Base Directory Specification."""

import os
import pwd
from pathlib import Path

from splitwave.common.errors import ConfigError

_APPLICATION = "splitwave"


def state_folder(remedy: str) -> Path:
    """The folder for data that outlive a run; the argument is that of `_user_folder`."""
    return _user_folder("XDG_STATE_HOME", Path(".local", "state"), remedy)


def config_folder(remedy: str) -> Path:
    """The folder for what the user decides, such as keys; the argument is that of `_user_folder`."""
    return _user_folder("XDG_CONFIG_HOME", Path(".config"), remedy)


def cache_folder(remedy: str) -> Path:
    """The folder for data that can be downloaded again; the argument is that of `_user_folder`."""
    return _user_folder("XDG_CACHE_HOME", Path(".cache"), remedy)


def _user_folder(variable: str, below_home: Path, remedy: str) -> Path:
    """Our folder in the base folder that a variable names, or else in the home folder.

    Args:
        variable: its value is ignored unless it is an absolute path, as the specification demands.
        below_home: where the base folder lies without the variable.
        remedy: how a user names a folder without the variable, for the error.

    Raises:
        ConfigError: the variable names no folder, and the user has no home folder.
    """
    named = os.environ.get(variable, "")
    if Path(named).is_absolute():
        return Path(named, _APPLICATION)
    home = _home_folder()
    if home is None:
        reasons = f"{_shown(variable)}, {_shown('HOME')}, and user {os.getuid()} has no home folder in the passwd file"
        raise ConfigError(f"there is no default folder: {reasons}; {remedy}, or set {variable} to an absolute path")
    return home / below_home / _APPLICATION


def _home_folder() -> Path | None:
    """The home folder; None for a user id without one, as containers are often started with."""
    try:
        candidates = [os.environ.get("HOME", ""), pwd.getpwuid(os.getuid()).pw_dir]
    except KeyError:
        candidates = [os.environ.get("HOME", "")]
    return next((Path(path) for path in candidates if Path(path).is_absolute()), None)


def _shown(variable: str) -> str:
    value = os.environ.get(variable)
    return f"{variable} is not set" if value is None else f"{variable} is {value!r}"
