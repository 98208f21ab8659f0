"""The figures of an evaluation, as PNG and PDF."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.evaluation.codebook_use import CodebookUse
from splitwave.experiments.evaluation.confusion import ConfusionMatrix
from splitwave.experiments.evaluation.evaluation import ErrorPoint, EvaluationResult
from splitwave.testbed.figures.style import BLUE, GREY, VERMILLION, in_default_style, save

_MOST_CLASSES_WITH_NUMBERS = 20
_MOST_LINKS = 16
"""Histograms of more links would be too small to read; `codebook.csv` has all of them."""


def draw_all(result: EvaluationResult, folder: Path) -> list[Path]:
    """Draw what the result has: error against PSNR, ablation, confusion matrix, histograms; returns the files."""
    wording, files = result.config.task.wording, []
    if len(result.points) > 1:
        files += save(error_figure(result.points, wording), folder / "error")
    if result.ablation:
        files += save(ablation_figure(result, wording), folder / "ablation")
    if result.confusion:
        files += save(confusion_figure(result.confusion), folder / "confusion")
    if result.codebooks:
        files += save(codebook_figure(result.codebooks[:_MOST_LINKS]), folder / "codebook")
    return files


@in_default_style
def error_figure(points: Sequence[ErrorPoint], wording: Wording) -> Figure:
    """Draw the error against PSNR, with the 95 % interval over the noise where there is one."""
    canvas = Figure(figsize=(6.5, 3.6), layout="constrained")
    axes = canvas.subplots()
    add_error_curve(axes, points, wording, colour=BLUE, marker="o", label="test, hard symbols")
    finish_error_axes(axes, wording)
    return canvas


def add_error_curve(
    axes: Axes, points: Sequence[ErrorPoint], wording: Wording, *, colour: str, marker: str, label: str
) -> None:
    """Add one curve of the error against PSNR to axes."""
    at = [point.psnr_db for point in points if point.psnr_db is not None]
    means = [wording.on_axis(point.error) for point in points]
    axes.plot(at, means, color=colour, marker=marker, markersize=4, label=label)
    low = [wording.on_axis(max(0.0, point.error - (point.half_width or 0.0))) for point in points]
    high = [wording.on_axis(point.error + (point.half_width or 0.0)) for point in points]
    axes.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)


def finish_error_axes(axes: Axes, wording: Wording) -> None:
    """Label axes of the error against PSNR."""
    axes.set_xlabel("PSNR (dB)")
    axes.set_ylabel(wording.error_axis)
    axes.set_ylim(bottom=0)
    if wording.is_share:
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small")


@in_default_style
def ablation_figure(result: EvaluationResult, wording: Wording) -> Figure:
    """Draw one bar per row of the ablation."""
    canvas = Figure(figsize=(6.5, 1.2 + 0.28 * len(result.ablation)), layout="constrained")
    axes = canvas.subplots()
    names, points = list(result.ablation), list(result.ablation.values())
    axes.barh(names, [wording.on_axis(point.error) for point in points], color=VERMILLION)
    axes.invert_yaxis()
    axes.set_xlabel(f"{wording.error_axis} at the run's own PSNR")
    if wording.is_share:
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))
    axes.grid(axis="x", alpha=0.3)
    return canvas


@in_default_style
def confusion_figure(confusion: ConfusionMatrix) -> Figure:
    """Draw the share of each answer among the samples of a class; few classes have their numbers written."""
    counts = confusion.counts
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    canvas = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes = canvas.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    canvas.colorbar(image, ax=axes, label="share of the class")
    axes.set_xlabel("answer")
    axes.set_ylabel("class")
    for locator in (axes.xaxis, axes.yaxis):
        locator.set_major_locator(MaxNLocator(integer=True, nbins=_MOST_CLASSES_WITH_NUMBERS))
    if len(counts) <= _MOST_CLASSES_WITH_NUMBERS:
        for (row, column), count in ((place, int(counts[place])) for place in zip(*counts.nonzero(), strict=True)):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=6, color=colour)
    return canvas


@in_default_style
def codebook_figure(uses: Sequence[CodebookUse]) -> Figure:
    """Draw one histogram per link: the share of each level at its value."""
    canvas = Figure(figsize=(6.5, 0.6 + 1.5 * len(uses)), layout="constrained")
    panels = canvas.subplots(len(uses), 1, sharex=True, squeeze=False)[:, 0]
    for use, axes in zip(uses, panels, strict=True):
        histogram = use.histogram
        axes.vlines(use.levels, 0, histogram / histogram.sum(), color=BLUE, linewidth=3)
        axes.axhline(1 / len(histogram), color=GREY, linestyle=":", linewidth=1)
        axes.set_ylim(bottom=0)
        used = f"{use.levels_used} of {len(histogram)} levels, {use.entropy_bits:.2f} bits a symbol"
        axes.set_title(f"link {use.link}: {used}", fontsize="small", loc="left")
        axes.set_ylabel("share")
    panels[-1].set_xlabel("level")
    return canvas
