"""Draws a figure from its CSV alone: a curve a method, the mean over seeds, and its 95 % interval."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from splitwave.experiments.sweep.curve_styles import CurveStyle, curve_styles
from splitwave.experiments.sweep.curves import Point, points
from splitwave.experiments.sweep.figure import Figure, Unit
from splitwave.experiments.sweep.panels import Panel, panels_of
from splitwave.experiments.sweep.table import read
from splitwave.testbed.figures.style import save

# Inches. No figure is so wide that its letters cannot be read on a page of 850 pixels.
_PANEL_WIDTHS = {1: 6.5, 2: 4.75, 3: 3.3}
_PANEL_HEIGHTS = {1: 3.6, 2: 2.9, 3: 2.7}
_LEGEND_LINE_HEIGHT = 0.22
_LEGEND_COLUMNS = 2
_FREE_CELLS_FOR_LEGEND = 2

_APART, _APART_AT_ONE_X = 2.2, 16.0
"""Distance between the curves of a panel, in points of 1/72 inch, so that intervals at the same x lie side by side."""
_POINTS_PER_INCH = 72
_MOST_TICKS = 6
_POWERS_OF_TEN = 100.0
"""If the largest x is at least this many times the smallest, ticks at powers of ten are enough."""
_TICK_DIGITS, _FEW_TICK_DIGITS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0)
"""Leading digits of the ticks of a logarithmic axis; the short list is for a wide range, where ticks would touch.

Where fewer than two of the ticks lie in a panel, matplotlib chooses its own.
"""
_WIDE_RANGE = 30.0
"""A range is wide if its largest error is at least this many times its smallest."""


def files_of(figure: Figure, folder: Path) -> list[Path]:
    """What a figure is: its table, and the pictures of it."""
    return [folder / f"{figure.name}{suffix}" for suffix in (".csv", ".png", ".pdf")]


def redraw(figure: Figure, folder: Path) -> list[Path]:
    """Draw a figure as PNG and PDF beside its CSV, from that alone; returns the files written.

    Raises:
        DataError: there is no CSV, or it is damaged.
    """
    return save(draw(figure, points(read(folder / f"{figure.name}.csv"), figure.error)), folder / figure.name)


def draw(figure: Figure, of: Sequence[Point]) -> Canvas:
    """The figure of these points: panels with one scale of errors, and one legend for all of them."""
    panels = panels_of(figure, of)
    looks = curve_styles(list(dict.fromkeys(point.curve for point in of)))
    lines, columns = max(panel.line for panel in panels) + 1, max(panel.column for panel in panels) + 1
    errors = [point.error.mean for point in of]
    digits = _TICK_DIGITS if max(errors) < _WIDE_RANGE * min(errors) else _FEW_TICK_DIGITS
    canvas = Canvas(layout="constrained")
    axes: Axes | None = None
    for panel in panels:
        axes = canvas.add_subplot(lines, columns, panel.line * columns + panel.column + 1, sharey=axes)
        _draw_curves(axes, panel, looks)
        _finish_x(axes, panel, figure.log_x)
        _finish_y(axes, figure.unit, digits, labelled=panel.column == 0)
    aside = "; points at one x stand side by side" if any(_apart(panel) for panel in panels) else ""
    canvas.suptitle(f"{figure.title}\n{_seeds(of)}{aside}", fontsize="medium")
    last_line = {panel.column for panel in panels if panel.line == lines - 1}
    free = columns - 1 - max(last_line)
    height = _add_legend(canvas, lines, columns, free)
    canvas.set_size_inches(_PANEL_WIDTHS[columns] * columns, 0.5 + _PANEL_HEIGHTS[lines] * lines + height)
    return canvas


def _seeds(of: Sequence[Point]) -> str:
    seeds = sorted({len(point.rows) for point in of})
    if seeds == [1]:
        return "one seed"
    number = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"mean of {number} seeds and its 95 % interval"


def _add_legend(canvas: Canvas, lines: int, columns: int, free: int) -> float:
    """One legend for all panels, in the free cells at the end or below; returns the height it adds, in inches."""
    handles = [axes.get_legend_handles_labels() for axes in canvas.axes]
    entries = {label: handle for pair in handles for handle, label in zip(*pair, strict=True)}
    looks = {"ncols": _LEGEND_COLUMNS, "frameon": False, "fontsize": "small"}
    if free >= _FREE_CELLS_FOR_LEGEND:
        cells = canvas.add_subplot(lines, columns, (lines * columns - free + 1, lines * columns))
        cells.set_axis_off()
        cells.legend(entries.values(), entries.keys(), loc="center", **looks)
        return 0.0
    canvas.legend(entries.values(), entries.keys(), loc="outside lower center", **looks)
    return _LEGEND_LINE_HEIGHT * -(-len(entries) // _LEGEND_COLUMNS)


def _draw_curves(axes: Axes, panel: Panel, looks: Mapping[str, CurveStyle]) -> None:
    apart = _apart(panel)
    for number, curve in enumerate(panel.curves):
        mine = sorted((point for point in panel.points if point.curve == curve), key=lambda point: point.x)
        offset = apart * (number - (len(panel.curves) - 1) / 2)
        _draw_curve(axes, mine, looks[curve], curve, offset)


def _apart(panel: Panel) -> float:
    """By how much to set its curves apart, in points of a printer: not at all where each has x of its own."""
    at = {point.x for point in panel.points}
    if len(at) == 1:
        return _APART_AT_ONE_X
    longest = max(Counter(point.curve for point in panel.points).values())
    return _APART if len(at) == longest else 0.0


def _draw_curve(axes: Axes, curve: Sequence[Point], look: CurveStyle, label: str, offset: float) -> None:
    canvas = axes.get_figure()
    assert canvas is not None
    line, caps, bars = axes.errorbar(
        [point.x for point in curve],
        [point.error.mean for point in curve],
        yerr=[point.error.half_width or 0.0 for point in curve],
        color=look.colour,
        marker=look.marker,
        markerfacecolor=look.fill,
        markersize=4,
        linewidth=1.2,
        elinewidth=0.8,
        capsize=1.5,
        linestyle=look.line,
        label=label,
    )
    # Once drawn: the axes' limits are those of the data.
    aside = axes.transData + ScaledTranslation(offset / _POINTS_PER_INCH, 0, canvas.dpi_scale_trans)
    for artist in (line, *caps, *bars):
        artist.set_transform(aside)


def _finish_x(axes: Axes, panel: Panel, log_x: bool) -> None:
    axes.set_title(panel.title, fontsize="medium")
    axes.set_xlabel(panel.x_label)
    at = sorted({point.x for point in panel.points})
    if log_x:
        axes.set_xscale("log")
    if not log_x or at[-1] < _POWERS_OF_TEN * at[0]:  # else the axis has powers of ten
        _label_x(axes, at)
    if len(at) == 1:
        axes.set_xlim((at[0] / 2, at[0] * 2) if log_x else (at[0] - 1, at[0] + 1))


def _label_x(axes: Axes, at: Sequence[float]) -> None:
    """Ticks where there are points, unless there are many."""
    if len(at) <= _MOST_TICKS:
        axes.set_xticks(at)
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=_TICK_DIGITS) if axes.get_xscale() == "log" else MaxNLocator())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.2g}")


def _finish_y(axes: Axes, unit: Unit, digits: Sequence[float], labelled: bool) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=digits))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda error, _: f"{100 * error:.3g} %" if unit == "%" else f"{error:.4g}")
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize="small")
    if labelled:
        axes.set_ylabel("classification error" if unit == "%" else f"mean squared error ({unit})")
    else:
        axes.tick_params(labelleft=False)
