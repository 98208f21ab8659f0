"""The pages of published figures, one for each paper: docs/results/NAME.md, its figures' folder, and its summary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitwave.experiments.paper import hyper_vib, qml_ib
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
OVERVIEW = RESULTS / "README.md"
"""The page that has a summary of each of the others, between markers named after it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, rendered from `page.md.template` in its folder; its summary from `summary.md.template`.

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
        """The template of the page."""
        return self.folder / "page.md.template"

    @property
    def summary_template(self) -> Path:
        """The template of its summary on the overview."""
        return self.folder / "summary.md.template"


PAGES = (Page("qml-ib", qml_ib.FIGURES), Page("hyper-vib", hyper_vib.FIGURES))
