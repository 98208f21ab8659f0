"""The pages of published figures, one for each paper: docs/results/NAME.md, the folder of its figures, its summary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from splitwave.experiments.paper import channels, hyper_vib, missing_links, qml_ib
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure
from tools.paths import PUBLISHED
from tools.result_pages import channels as channels_page
from tools.result_pages import hyper_vib as hyper_vib_page
from tools.result_pages import missing_links as missing_links_page
from tools.result_pages import qml_ib as qml_ib_page
from tools.result_pages.measured import Measured


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        figures: the figures that may be published on it.
        page_text: returns the page, with the numbers and tables that were measured.
        summary_text: returns its summary on the overview.
    """

    name: str
    figures: Mapping[str, Callable[[Preset, int], Figure]]
    page_text: Callable[[Measured], str]
    summary_text: Callable[[Measured], str]

    @property
    def folder(self) -> Path:
        """The folder of its figures."""
        return PUBLISHED / self.name

    @property
    def path(self) -> Path:
        """The file of the page itself."""
        return PUBLISHED / f"{self.name}.md"

    @property
    def text(self) -> str:
        """The page, written from the published tables."""
        return self.page_text(Measured(self.folder))

    @property
    def summary(self) -> str:
        """The summary on the overview, written from the published tables."""
        return self.summary_text(Measured(self.folder))


PAGES = (
    Page("qml-ib", qml_ib.FIGURES, qml_ib_page.page, qml_ib_page.summary),
    Page("hyper-vib", hyper_vib.FIGURES, hyper_vib_page.page, hyper_vib_page.summary),
    Page("missing-links", missing_links.PUBLISHED, missing_links_page.page, missing_links_page.summary),
    Page("channels", channels.PUBLISHED, channels_page.page, channels_page.summary),
)
