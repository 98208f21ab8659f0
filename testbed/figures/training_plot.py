"""`training.png` and `.pdf`: the curves of a training, drawn from `metrics.jsonl` and `summary.json` alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.task import Task
from splitwave.common.tasks.wording import Wording
from splitwave.testbed.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, in_default_style, save
from splitwave.testbed.results.metrics import read_epochs, read_test_error

_LINK_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY)
"""If there are more links than colours, only the range of their rates is drawn."""
_MARKERS = "os^Dv"
_HEADROOM = 1.1
_MOST_LEGEND_LINES = 3


def draw_training(metrics: Path, summary: Path, figure: Path, task: Task) -> list[Path]:
    """Draw distortion, error and rate over the epochs as PNG and PDF.

    Args:
        metrics: a `metrics.jsonl` with at least one epoch.
        summary: the run's `summary.json`; if the file is missing, no test error is drawn.
        figure: path of the PNG; the PDF is written beside it.
        task: the task of the run.

    Returns:
        The files written.
    """
    return save(training_figure(metrics, summary, task), figure)


@in_default_style
def training_figure(metrics: Path, summary: Path, task: Task) -> Figure:
    """Draw the figure of a training without saving it; see `draw_training` for the arguments."""
    wording, records = task.wording, read_epochs(metrics, task)
    canvas = Figure(figsize=(10.5, 3.8), layout="constrained")
    distortion, error, rate = canvas.subplots(1, 3)
    _curve(distortion, [record.distortion for record in records], BLUE, "o", "training")
    distortion.set_ylabel(wording.distortion_axis)
    _draw_errors(error, records, read_test_error(summary, task), wording)
    _draw_rates(rate, np.array([record.rate_nats for record in records]))
    for axes in (distortion, error, rate):
        _finish(axes, len(records))
    return canvas


def _draw_errors(axes: Axes, records: Sequence[EpochRecord], test_error: float | None, wording: Wording) -> None:
    training = [wording.on_axis(record.training_error) for record in records]
    held_out = [record.validation_error for record in records if record.validation_error is not None]
    _curve(axes, training, VERMILLION, "o", "training")
    if len(held_out) == len(records):
        _curve(axes, [wording.on_axis(mean) for mean in held_out], GREEN, "s", "validation, hard symbols")
    if test_error is not None:
        on_axis = wording.on_axis(test_error)
        label = f"test, hard symbols, at the end: {wording.error_in_short(test_error)}"
        axes.axhline(on_axis, color=BLACK, linestyle=":", linewidth=1)
        axes.plot([len(records)], [on_axis], color=BLACK, linestyle=":", marker="*", markersize=11, label=label)
    axes.set_ylabel(wording.error_axis)
    if wording.is_share:
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))


def _draw_rates(axes: Axes, rates_nats: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> None:
    """Draw one curve per link, or the range of many links; `rates_nats` is (epochs, links) nats per sample."""
    epochs, links = rates_nats.shape
    if links <= len(_LINK_COLOURS):
        for link in range(links):
            _curve(axes, rates_nats[:, link].tolist(), _LINK_COLOURS[link], _MARKERS[link], f"link {link}")
    else:
        at, lowest, highest = np.arange(1, epochs + 1), rates_nats.min(axis=1), rates_nats.max(axis=1)
        label = f"lowest to highest of {links} links"
        if epochs > 1:
            axes.fill_between(at, lowest, highest, color=SKY, alpha=0.4, linewidth=0, label=label)
        else:  # with a single epoch, a band would have no width
            axes.vlines(at, lowest, highest, color=SKY, alpha=0.6, linewidth=8, label=label)
        _curve(axes, rates_nats.mean(axis=1).tolist(), BLUE, "o", "mean of the links")
    axes.set_ylabel("rate bound D* (nats/sample)")


def _curve(axes: Axes, values: list[float], colour: str, marker: str, label: str) -> None:
    axes.plot(
        range(1, len(values) + 1),
        values,
        color=colour,
        marker=marker,
        # With a single epoch there are only points, some of which coincide: draw them large and hollow.
        markersize=3.5 if len(values) > 1 else 8,
        fillstyle="full" if len(values) > 1 else "none",
        markeredgewidth=1 if len(values) > 1 else 2,
        label=label,
    )


def _finish(axes: Axes, epochs: int) -> None:
    axes.set_ylim(0, _HEADROOM * axes.get_ylim()[1])
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, epochs + 0.5)
    axes.grid(alpha=0.3)
    columns = 1 + (len(axes.get_legend_handles_labels()[0]) > _MOST_LEGEND_LINES)
    # Above the panel: among the curves, a marker of the legend could be mistaken for a data point.
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize="small")
