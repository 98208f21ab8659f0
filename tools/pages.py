"""The pages of published figures, one a paper: docs/results/NAME.md, its figures' folder, its part of the README."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitwave.experiments.paper import hyper_vib, qml_ib
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "results"


@dataclass(frozen=True, slots=True)
class Page:
    """One page, rendered from `page.md.template` in its folder; the README's part from `readme.md.template`.

    Attributes:
        figures: what may be published on it.
    """

    name: str
    figures: Mapping[str, Callable[[Preset, int], Figure]]

    @property
    def folder(self) -> Path:
        """Where its figures and templates lie."""
        return RESULTS / self.name

    @property
    def path(self) -> Path:
        """The page itself."""
        return RESULTS / f"{self.name}.md"

    @property
    def template(self) -> Path:
        """Of the page."""
        return self.folder / "page.md.template"

    @property
    def readme_template(self) -> Path:
        """Of the README's part."""
        return self.folder / "readme.md.template"

    @property
    def markers(self) -> tuple[str, str]:
        """What the README's part lies between."""
        return f"<!-- {self.name}: begin -->", f"<!-- {self.name}: end -->"


PAGES = (Page("qml-ib", qml_ib.FIGURES), Page("hyper-vib", hyper_vib.FIGURES))
