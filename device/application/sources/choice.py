"""The source that `--source` names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.errors import ConfigError, DataError
from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.sources.arrays import archive_samples, array_samples
from splitwave.device.application.sources.camera import camera_samples
from splitwave.device.application.sources.folder import folder_samples
from splitwave.device.application.sources.json_lines import json_samples
from splitwave.device.application.sources.pictures import SUFFIXES, picture_samples
from splitwave.device.application.sources.python_function import function_samples

FORMS = "FILE, DIR, npz:FILE[:ARRAY], camera:N, stdin or python:module:function"

_STANDARD_INPUT = 0


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """A source and its settings.

    Attributes:
        name: one of `FORMS`.
        resize: whether image files of another size are resized.
        python_path: the folder of a user's module.
    """

    name: str
    resize: bool = False
    python_path: Path | None = None


def open_source(options: SourceOptions, shape: tuple[int, ...], report: Callable[[str], None]) -> Iterator[object]:
    """Open a source.

    Args:
        options: the user's.
        shape: (C, h, w) of a sample.
        report: gets warnings.

    Returns:
        Its samples, some of which may be the error of one that cannot be read.

    Raises:
        ConfigError: there is no such kind of source, or it needs a package that is not installed.
        DataError: it cannot be read.
    """
    kind, colon, rest = options.name.partition(":")
    match kind:
        case "stdin" | "-" if not colon:
            return json_samples(_STANDARD_INPUT)
        case "camera" if colon:
            return camera_samples(_camera_number(rest, options.name), shape)
        case "npz" if colon:
            return archive_samples(*_archive(rest), shape)
        case "python" if colon:
            return function_samples(rest, options.python_path)
    return _of_path(Path(options.name), options, shape, report)


def _of_path(
    path: Path, options: SourceOptions, shape: tuple[int, ...], report: Callable[[str], None]
) -> Iterator[object]:
    def of_file(file: Path) -> Iterator[object] | None:
        return _of_file(file, shape, resize=options.resize)

    if path.is_dir():
        return folder_samples(path, of_file, report)
    if not path.exists():
        raise DataError(f"--source {path}: no such file or folder; expected {FORMS}")
    samples = of_file(path)
    if samples is None:
        raise ConfigError(f"--source {path}: expected a file whose name ends in {', '.join(SUFFIXES)}, .npy or .npz")
    return samples


def _of_file(path: Path, shape: tuple[int, ...], *, resize: bool) -> Iterator[object] | None:
    match path.suffix.lower():
        case ".npy":
            return array_samples(path, shape)
        case ".npz":
            return archive_samples(path, None, shape)
        case suffix if suffix in SUFFIXES:
            return _or_error(picture_samples(path, shape, resize=resize))
    return None


def _or_error(samples: Iterator[Sample]) -> Iterator[Sample | SampleError]:
    """The samples of a file or, if it cannot be read, the error in their place."""
    try:
        yield from samples
    except SampleError as error:
        yield error


def _archive(text: str) -> tuple[Path, str | None]:
    """`FILE` or `FILE:ARRAY`; a file whose name has a colon is taken as it is."""
    if not Path(text).exists() and ":" in text:
        file, _, name = text.rpartition(":")
        return Path(file), name
    return Path(text), None


def _camera_number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"--source {name}: expected camera:N, such as camera:0")
    return int(text)
