"""Samples of a function of the user, named as `module:function`."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from splitwave.common.errors import ConfigError, DataError
from splitwave.common.named_object import add_python_path, check_object_name, import_object, origin


def function_samples(name: str, python_path: Path | None) -> Iterator[object]:
    """The items of the iterable that a user's function returns: arrays, or mappings as `Sample.of` takes them.

    Args:
        name: `package.module:function`, a function without arguments.
        python_path: the folder of the module; naming it says that the user wants this code to run.

    Raises:
        ConfigError: no folder is named, or there is no such function.
        DataError: the function fails.
    """
    option = "--source python"
    try:
        check_object_name(name)
    except ValueError as error:
        raise ConfigError(f"{option}:{name}: {error}") from None
    if python_path is None:
        raise ConfigError(f"{option}:{name}: it runs code, so it takes --python-path DIR, the folder of the module")
    add_python_path(python_path)
    function = import_object(option, name)
    if not callable(function):
        raise ConfigError(f"{option}:{name}: expected a function without arguments, got {type(function).__name__}")
    return _items(name, function)


def _items(name: str, function: Callable[[], object]) -> Iterator[object]:
    try:
        items = function()
        if not isinstance(items, Iterable):
            raise TypeError(f"it returned {type(items).__name__}: expected an iterable of samples")
        yield from items
    except Exception as error:  # a user's function may raise anything
        raise DataError(f"--source python:{name}: {origin(error)}") from error
