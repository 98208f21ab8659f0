"""The plugins that other packages install: entry points of every seam, of engines and of commands."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from splitwave.common.config.registry import ADAPTATION_POLICIES, BACKBONES, BOUNDS, CHANNEL_MODELS, FUSION_POLICIES
from splitwave.common.data.catalog import DATA_SETS, SOURCES
from splitwave.common.data.view import VIEWS
from splitwave.common.seam import Seam
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note

SEAMS: tuple[Seam[Any], ...] = (
    DATA_SETS,
    SOURCES,
    BACKBONES,
    BOUNDS,
    CHANNEL_MODELS,
    FUSION_POLICIES,
    ADAPTATION_POLICIES,
    VIEWS,
)
_OTHER_GROUPS = ("splitwave.engines", "splitwave.exporters", "splitwave.commands")


def check_plugins(_circumstances: Circumstances) -> Iterator[Finding]:
    """Load every entry point; one with the name of a built-in implementation has no effect."""
    found = 0
    for seam in SEAMS:
        for entry in entry_points(group=seam.group):
            found += 1
            yield _hidden(entry) if entry.name in seam.built_in else plugin_finding(entry)
    for group in _OTHER_GROUPS:
        for entry in entry_points(group=group):
            found += 1
            yield plugin_finding(entry)
    if not found:
        yield failed(
            "engines", "no entry point is installed, not even Splitwave's own", "install Splitwave again with pip"
        )


def plugin_finding(entry: EntryPoint) -> Finding:
    """Load an entry point, which imports the package that defines it."""
    try:
        entry.load()
    except Exception as error:  # code of other packages may raise anything
        return failed(
            _name(entry),
            f"{_origin(entry)} cannot be loaded: {type(error).__name__}: {error}",
            "install the package that adds it again, or remove it",
        )
    return Finding(_name(entry), _origin(entry))


def _hidden(entry: EntryPoint) -> Finding:
    return note(_name(entry), f"{_origin(entry)} is ignored: a built-in implementation has this name", "rename it")


def _name(entry: EntryPoint) -> str:
    return f"{entry.group.removeprefix('splitwave.')}:{entry.name}"


def _origin(entry: EntryPoint) -> str:
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown package"
    return f"{entry.value} ({package})"
