"""Draws a figure from its CSV alone: one curve per method, with the mean over seeds and its 95 % interval."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.sweep.curve_styles import CurveStyle, curve_styles
from splitwave.experiments.sweep.curves import Point, points
from splitwave.experiments.sweep.figure import Figure
from splitwave.experiments.sweep.panels import Panel, panels_of
from splitwave.experiments.sweep.table import read, wording_of
from splitwave.testbed.figures.style import in_default_style, save

# In inches; figures are narrow enough to be legible on a page of 850 pixels.
_PANEL_WIDTHS = {1: 6.5, 2: 4.75, 3: 3.3}
_PANEL_HEIGHTS = {1: 3.6, 2: 2.9, 3: 2.7}
_LEGEND_LINE_HEIGHT = 0.22
_LEGEND_COLUMNS = 2
_FREE_CELLS_FOR_LEGEND = 2

_APART, _APART_AT_ONE_X = 2.2, 16.0
"""Horizontal distance between the curves of a panel in points of 1/72 inch, so that intervals do not overlap."""
_POINTS_PER_INCH = 72
_MOST_TICKS = 6
_POWERS_OF_TEN = 100.0
"""If the largest x is at least this multiple of the smallest, the axis only has ticks at powers of ten."""
_TICK_DIGITS, _FEW_TICK_DIGITS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0)
"""Leading digits of the ticks of a logarithmic axis; the short list is for wide ranges, where ticks would overlap.

If fewer than two of these ticks lie in a panel, matplotlib chooses its own.
"""
_WIDE_RANGE = 30.0
"""A range is wide if the largest error is at least this multiple of the smallest."""


def files_of(figure: Figure, folder: Path) -> list[Path]:
    """Return the paths of a figure's table and pictures."""
    return [folder / f"{figure.name}{suffix}" for suffix in (".csv", ".png", ".pdf")]


def redraw(figure: Figure, folder: Path) -> list[Path]:
    """Draw a figure as PNG and PDF from its CSV, beside which the files are written; returns their paths.

    Raises:
        DataError: the CSV is missing or damaged.
    """
    return save(draw(figure, points(read(folder / f"{figure.name}.csv"), figure.error)), folder / figure.name)


@in_default_style
def draw(figure: Figure, points: Sequence[Point]) -> Canvas:
    """Draw points as panels with a common error axis and one legend."""
    panels = panels_of(figure, points)
    styles = curve_styles(list(dict.fromkeys(point.curve for point in points)))
    lines, columns = max(panel.line for panel in panels) + 1, max(panel.column for panel in panels) + 1
    errors = [point.error.mean for point in points]
    wording = wording_of(row for point in points for row in point.rows)
    digits = _TICK_DIGITS if max(errors) < _WIDE_RANGE * min(errors) else _FEW_TICK_DIGITS
    canvas = Canvas(layout="constrained")
    axes: Axes | None = None
    for panel in panels:
        axes = canvas.add_subplot(lines, columns, panel.line * columns + panel.column + 1, sharey=axes)
        _draw_curves(axes, panel, styles)
        _finish_x(axes, panel, figure.log_x)
        _finish_y(axes, wording, digits, labelled=panel.column == 0)
    aside = "; points at one x stand side by side" if any(_distance(panel) for panel in panels) else ""
    canvas.suptitle(f"{figure.title}\n{_seeds(points)}{aside}", fontsize="medium")
    last_line = {panel.column for panel in panels if panel.line == lines - 1}
    free = columns - 1 - max(last_line)
    height = _add_legend(canvas, lines, columns, free)
    canvas.set_size_inches(_PANEL_WIDTHS[columns] * columns, 0.5 + _PANEL_HEIGHTS[lines] * lines + height)
    return canvas


def _seeds(points: Sequence[Point]) -> str:
    seeds = sorted({len(point.rows) for point in points})
    if seeds == [1]:
        return "one seed"
    number = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"mean of {number} seeds and its 95 % interval"


def _add_legend(canvas: Canvas, lines: int, columns: int, free: int) -> float:
    """Add one legend for all panels, in free cells or below; returns the additional height in inches."""
    handles = [axes.get_legend_handles_labels() for axes in canvas.axes]
    entries = {label: handle for pair in handles for handle, label in zip(*pair, strict=True)}
    options = {"ncols": _LEGEND_COLUMNS, "frameon": False, "fontsize": "small"}
    if free >= _FREE_CELLS_FOR_LEGEND:
        cells = canvas.add_subplot(lines, columns, (lines * columns - free + 1, lines * columns))
        cells.set_axis_off()
        cells.legend(entries.values(), entries.keys(), loc="center", **options)
        return 0.0
    canvas.legend(entries.values(), entries.keys(), loc="outside lower center", **options)
    return _LEGEND_LINE_HEIGHT * -(-len(entries) // _LEGEND_COLUMNS)


def _draw_curves(axes: Axes, panel: Panel, styles: Mapping[str, CurveStyle]) -> None:
    distance = _distance(panel)
    for number, curve in enumerate(panel.curves):
        selected = sorted((point for point in panel.points if point.curve == curve), key=lambda point: point.x)
        offset = distance * (number - (len(panel.curves) - 1) / 2)
        _draw_curve(axes, selected, styles[curve], curve, offset)


def _distance(panel: Panel) -> float:
    """Return the distance between neighbouring curves in points of 1/72 inch; 0 if the curves have different x."""
    at = {point.x for point in panel.points}
    if len(at) == 1:
        return _APART_AT_ONE_X
    longest = max(Counter(point.curve for point in panel.points).values())
    return _APART if len(at) == longest else 0.0


def _draw_curve(axes: Axes, curve: Sequence[Point], style: CurveStyle, label: str, offset: float) -> None:
    canvas = axes.get_figure()
    assert canvas is not None
    line, caps, bars = axes.errorbar(
        [point.x for point in curve],
        [point.error.mean for point in curve],
        yerr=[point.error.half_width or 0.0 for point in curve],
        color=style.colour,
        marker=style.marker,
        markerfacecolor=style.fill,
        markersize=4,
        linewidth=1.2,
        elinewidth=0.8,
        capsize=1.5,
        linestyle=style.line,
        label=label,
    )
    # Shifted after drawing, so that the limits of the axes are those of the data.
    shifted = axes.transData + ScaledTranslation(offset / _POINTS_PER_INCH, 0, canvas.dpi_scale_trans)
    for artist in (line, *caps, *bars):
        artist.set_transform(shifted)


def _finish_x(axes: Axes, panel: Panel, log_x: bool) -> None:
    axes.set_title(panel.title, fontsize="medium")
    axes.set_xlabel(panel.x_label)
    at = sorted({point.x for point in panel.points})
    if log_x:
        axes.set_xscale("log")
    if not log_x or at[-1] < _POWERS_OF_TEN * at[0]:  # otherwise the axis has ticks at powers of ten
        _label_x(axes, at)
    if len(at) == 1:
        axes.set_xlim((at[0] / 2, at[0] * 2) if log_x else (at[0] - 1, at[0] + 1))


def _label_x(axes: Axes, at: Sequence[float]) -> None:
    """Put a tick at each x, unless there are many."""
    if len(at) <= _MOST_TICKS:
        axes.set_xticks(at)
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=_TICK_DIGITS) if axes.get_xscale() == "log" else MaxNLocator())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.2g}")


def _finish_y(axes: Axes, wording: Wording, digits: Sequence[float], labelled: bool) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=digits))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        lambda error, _: f"{wording.scale * error:.3g} {wording.unit}" if wording.is_share else f"{error:.4g}"
    )
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize="small")
    if labelled:
        axes.set_ylabel(wording.mean_error_axis)
    else:
        axes.tick_params(labelleft=False)
