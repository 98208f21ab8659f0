"""Draws a figure from its CSV alone: a curve a method, the mean over seeds, and its 95 % interval."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, NullLocator

from experiments.sweep.curves import Point, points
from experiments.sweep.figure import Figure, Unit
from experiments.sweep.table import read

_DPI = 150
_PANEL_INCHES = (5.2, 4.8)
# Okabe and Ito's colours, told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000", "#999999")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_MOST_COLUMNS = 3
_TICK_DIGITS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Of the logarithmic axis; matplotlib takes its own where fewer than two of these lie in a panel."""


def files_of(figure: Figure, folder: Path) -> list[Path]:
    """What a figure is: its table, and the pictures of it."""
    return [folder / f"{figure.name}{suffix}" for suffix in (".csv", ".pdf", ".png")]


def redraw(figure: Figure, folder: Path) -> list[Path]:
    """Draw a figure as PDF and PNG beside its CSV, from that alone; returns the files written.

    Raises:
        DataError: there is no CSV, or it is damaged.
    """
    rows = read(folder / f"{figure.name}.csv")
    panels = list(dict.fromkeys(row.panel for row in rows))
    columns = min(len(panels), _MOST_COLUMNS)
    lines = math.ceil(len(panels) / columns)
    canvas = Canvas(figsize=(_PANEL_INCHES[0] * columns, _PANEL_INCHES[1] * lines), layout="constrained")
    for place, panel in enumerate(panels, start=1):
        axes = canvas.add_subplot(lines, columns, place)
        _draw_panel(axes, points([row for row in rows if row.panel == panel], figure.error), figure.unit)
        axes.set_title(panel, fontsize="medium")
        axes.set_xlabel(figure.x_label)
        if figure.log_x:
            axes.set_xscale("log")
    canvas.suptitle(figure.title)
    _, *files = files_of(figure, folder)
    for file in files:
        # No date in the PDF: the same table gives the same file.
        canvas.savefig(file, dpi=_DPI, metadata={"CreationDate": None} if file.suffix == ".pdf" else None)
    return files


def _draw_panel(axes: Axes, panel: Sequence[Point], unit: Unit) -> None:
    for number, curve in enumerate(dict.fromkeys(point.curve for point in panel)):
        again, style = divmod(number, len(_COLOURS))
        mine = sorted((point for point in panel if point.curve == curve), key=lambda point: point.x)
        axes.errorbar(
            [point.x for point in mine],
            [point.error.mean for point in mine],
            yerr=[point.error.half_width or 0.0 for point in mine],
            color=_COLOURS[style],
            marker=_MARKERS[(style + again) % len(_MARKERS)],
            markersize=4,
            linewidth=1.2,
            capsize=2,
            linestyle=":" if again else "--" if "unquantized" in curve else "-",
            label=curve,
        )
    axes.set_ylabel("classification error" if unit == "%" else f"mean squared error ({unit})")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=_TICK_DIGITS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda error, _: f"{100 * error:.3g} %" if unit == "%" else f"{error:.3g}")
    axes.grid(alpha=0.3)
    # Below: curves that lie close leave no room among them.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize="x-small")
