"""A hook of MkDocs that adds pages and entries of the navigation which mkdocs.yml does not list.

Each room of the code gets a page of the API reference, made while the site is built, and each decision an entry of the
navigation. Nothing is imported, because mkdocstrings reads the sources.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = ROOT / "docs" / "adr"
PACKAGE = "splitwave"
FOLDERS = ("common", "device", "channel", "basestation", "experiments")
"""Documented room by room. `testbed` and `benchmarks` are applications, whose interface is the command line."""

INTERFACES = ("testbed.engine",)
"""Modules of other folders with interfaces for other packages to implement."""

GENERATED = ("wire.pb",)
"""Rooms with generated code."""


@dataclass(frozen=True, slots=True)
class ApiPage:
    """One page of the reference.

    Attributes:
        name: the name of a room, such as `common.config`; or of a folder, such as `common`, for modules outside rooms.
        modules: dotted names without the package.
    """

    name: str
    modules: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path of its file below docs/."""
        return f"reference/api/{self.name}.md"

    @property
    def text(self) -> str:
        """Its Markdown: a heading, and one block for mkdocstrings per module."""
        blocks = [f"::: {PACKAGE}.{module}" for module in self.modules]
        return "\n\n".join([f"# `{PACKAGE}.{self.name}`", *blocks]) + "\n"


def api_pages(sources: Path = ROOT / "src") -> list[ApiPage]:
    """Return the pages, folder by folder: first the folder's own modules, then its rooms."""
    pages = [page for folder in FOLDERS for page in _pages_of(sources / PACKAGE / folder)]
    return [*pages, *(ApiPage(module, (module,)) for module in INTERFACES)]


def _pages_of(folder: Path) -> Iterator[ApiPage]:
    own = [path.stem for path in sorted(folder.glob("*.py")) if not path.stem.startswith("__")]
    if own:
        yield ApiPage(folder.name, tuple(f"{folder.name}.{module}" for module in own))
    for room in sorted(path.parent for path in folder.glob("*/__init__.py")):
        if modules := tuple(_modules_of(folder, room)):
            yield ApiPage(f"{folder.name}.{room.name}", modules)


def _modules_of(folder: Path, room: Path) -> Iterator[str]:
    for path in sorted(room.rglob("*.py")):
        module = ".".join(path.relative_to(folder).with_suffix("").parts)
        if not path.stem.startswith("__") and not module.startswith(GENERATED):
            yield f"{folder.name}.{module}"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the pages and the decisions to the navigation."""
    _section(config.nav, "API").extend({page.name: page.path} for page in api_pages())
    _section(config.nav, "Decisions").extend(f"adr/{path.name}" for path in sorted(DECISIONS.glob("*.md")))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to the files of the site."""
    for page in api_pages():
        files.append(File.generated(config, page.path, content=page.text))
    return files


def _section(navigation: object, name: str) -> list[object]:
    """Return the list below an entry of the navigation.

    Raises:
        ValueError: there is no list of this name.
    """
    found = next(_sections(navigation, name), None)
    if found is None:
        raise ValueError(f"mkdocs.yml: the navigation has no list named {name}")
    return found


def _sections(node: object, name: str) -> Iterator[list[object]]:
    if isinstance(node, list):
        for each in node:
            yield from _sections(each, name)
    elif isinstance(node, dict):
        for key, below in node.items():
            if key == name and isinstance(below, list):
                yield below
            yield from _sections(below, name)
