"""The error of networks of four devices when some links are missing, trained with and without link dropout."""

from collections.abc import Callable, Iterator

from splitwave.experiments.paper.grid import PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark

LINKS = 4
MISSING = (0, 1, 2)
DROPOUTS = (0.0, 0.1, 0.2, 0.3, 0.5)
CHOSEN_DROPOUT = 0.2
"""Chosen on held-out digits by the experiment `link_dropout`: with `smoke` and one seed, the validation errors of
p = 0.1, 0.2 and 0.3, as means over the numbers of missing links, differ by 0.3 percentage points; 0 and 0.5 are
worse."""

_X_LABEL = "links missing"


def missing_links(preset: Preset, seeds: int) -> Figure:
    """Test error over the number of missing links, without link dropout and with the chosen one."""
    title = f"Error over missing links, K = {LINKS}, PSNR {PSNR_DB:g} dB"
    return Figure("missing_links", title, _X_LABEL, tuple(_marks(preset, seeds, (0.0, CHOSEN_DROPOUT))))


def link_dropout(preset: Preset, seeds: int) -> Figure:
    """Error on held-out digits over the number of missing links, by link dropout in training."""
    title = f"Validation error over missing links, K = {LINKS}, PSNR {PSNR_DB:g} dB"
    marks = tuple(_marks(preset, seeds, DROPOUTS, test=False))
    return Figure("link_dropout", title, _X_LABEL, marks, error="validation_error")


def curve_name(dropout: float) -> str:
    """The name of the curve of trainings with this link dropout."""
    return f"trained with link dropout p = {dropout:g}" if dropout else "trained without link dropout"


def _marks(preset: Preset, seeds: int, dropouts: tuple[float, ...], *, test: bool = True) -> Iterator[Mark]:
    for seed in range(seeds):
        grid = Grid(preset, "linear", seed)
        for dropout in dropouts:
            trial = grid.qml_ib_trial(
                preset.axes.most_symbols, links=LINKS, link_dropout=dropout, missing_links=MISSING[1:], test=test
            )
            for missing in MISSING:
                yield Mark("linear", curve_name(dropout), missing, trial, PSNR_DB, missing_links=missing)


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {make.__name__: make for make in (missing_links, link_dropout)}
PUBLISHED = {missing_links.__name__: missing_links}
"""Those of them that may be published; the other one only chooses p."""
