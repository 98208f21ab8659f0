"""Python objects that settings name as `package.module:object`, such as the factory of a network.

A seam (`common.seam`) finds what installed packages register. This is the shorter way for one's own file: it is named
where it is used, and may lie in a folder that the user adds to the import path.
"""

import re
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from splitwave.common.errors import ConfigError

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*\Z")


def is_object_name(name: str) -> bool:
    """Whether a name is meant as `module:object`, where a setting also takes the names of a seam."""
    return ":" in name


def check_object_name(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: it does not have the form `package.module:object`.
    """
    if not _NAME.match(name):
        raise ValueError("expected package.module:object, such as my_networks:encoder for encoder() in my_networks.py")
    return name


def add_python_path(folder: Path | None) -> None:
    """Import modules from a folder, too; it comes last, so that nothing in it hides an installed package.

    Raises:
        ConfigError: there is no such folder.
    """
    if folder is None:
        return
    if not folder.is_dir():
        raise ConfigError(f"--python-path {folder}: no such folder; name the folder of your modules")
    if (path := str(folder.resolve())) not in sys.path:
        sys.path.append(path)


def check_consent(named: Mapping[str, str], python_path: Path | None) -> None:
    """Refuse to import what another party named, unless the user who started this one said that it may.

    Args:
        named: by setting, the names.
        python_path: `--python-path` of this party.

    Raises:
        ConfigError: something is named, and there is no `--python-path`.
    """
    if python_path is not None:
        return
    for setting, name in named.items():
        raise ConfigError(
            f"{setting} = {name}, says the base station: this party runs code that others name only if it is "
            "started with --python-path DIR, the folder that the module lies in"
        )


def import_object(setting: str, name: str) -> object:
    """The object that a setting names; importing its module runs code of the user.

    Args:
        setting: the setting's dotted path, for messages.
        name: `package.module:object`.

    Raises:
        ConfigError: there is no such module or object, or the module raises an error.
    """
    place, _, attributes = name.partition(":")
    try:
        found: object = import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):  # a module that it imports is missing
            raise ConfigError(f"{setting} = {name}: {origin(error)}") from error
        raise ConfigError(
            f"{setting} = {name}: there is no module {error.name!r}; "
            "add the folder that it lies in to the import path, with --python-path DIR"
        ) from None
    except Exception as error:  # a user's module may raise anything
        raise ConfigError(f"{setting} = {name}: {origin(error)}") from error
    for attribute in attributes.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise ConfigError(f"{setting} = {name}: {place} has no {attributes!r}") from None
    return found


def module_file(module: str) -> Path | None:
    """The file of a module that can be imported, without importing it; None for one that has no file here."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin is not None and spec.has_location else None


def origin(error: BaseException) -> str:
    """An error of a user's code in one line, with the file and line that raised it."""
    text = " ".join(str(error).split())
    if isinstance(error, SyntaxError):  # whose text has the place
        return f"{type(error).__name__}: {text}"
    theirs = [
        f"{frame.f_code.co_filename}, line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not _is_library(str(frame.f_globals.get("__name__")))
    ]
    place = f", raised in {theirs[-1]}" if theirs else ""
    return f"{type(error).__name__}: {text}{place}"


def _is_library(module: str) -> bool:
    package = module.partition(".")[0]
    return package in {"splitwave", "torch"} or package in sys.stdlib_module_names
