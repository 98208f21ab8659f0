"""The figures of a result, drawn from its files alone, so that they can be redrawn without training."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from common.results import ENCODE_HOP
from common.task import Task
from testbed.metrics import read_epochs, read_latency
from testbed.wording import wording_of

_DPI = 150
# Okabe and Ito's colours, told apart by colour-blind readers too.
_BLUE, _ORANGE, _GREEN, _VERMILLION, _PURPLE, _SKY, _YELLOW, _GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#999999",
)  # fmt: skip
_COLOURS = (_BLUE, _ORANGE, _GREEN, _VERMILLION, _PURPLE, _SKY, _YELLOW)


def draw_training(metrics: Path, figure: Path, task: Task) -> None:
    """Draw distortion, error and rate over the epochs as a PNG.

    Args:
        metrics: a `metrics.jsonl` with at least one epoch.
        figure: the PNG to write.
        task: of the run.
    """
    wording = wording_of(task)
    records = read_epochs(metrics)
    epochs = [record.epoch + 1 for record in records]
    canvas = Figure(figsize=(10.5, 3.2), layout="constrained")
    loss, error, rate = canvas.subplots(1, 3)
    _curve(loss, epochs, [record.distortion for record in records], _BLUE)
    loss.set_ylabel(wording.distortion_axis)
    _curve(error, epochs, [wording.on_axis(record.training_error) for record in records], _VERMILLION, "training")
    held_out = [record.validation_error for record in records if record.validation_error is not None]
    validation = [wording.on_axis(mean) for mean in held_out]
    if len(validation) == len(epochs):
        _curve(error, epochs, validation, _GREEN, "validation (hard symbols)")
        error.legend(frameon=False)
    error.set_ylabel(wording.error_axis if validation else wording.training_axis)
    if wording.percent:
        error.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    for link, rates in enumerate(zip(*(record.rate_nats for record in records), strict=True)):
        _curve(rate, epochs, list(rates), _COLOURS[link % len(_COLOURS)], f"link {link}")
    rate.set_ylabel("rate bound D* (nats/sample)")
    if len(records[0].rate_nats) <= len(_COLOURS):  # more would repeat colours
        rate.legend(frameon=False)
    for axes in (loss, error):
        axes.set_ylim(bottom=0)
    for axes in (loss, error, rate):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlim(0.5, len(epochs) + 0.5)
        axes.grid(alpha=0.3)
    canvas.savefig(figure, dpi=_DPI)


def draw_latency(latency: Path, figure: Path) -> None:
    """Draw where a single sample's time goes, as a PNG: the median of each hop, end to end.

    Args:
        latency: a `latency.csv` with at least one row.
        figure: the PNG to write.
    """
    hops, times_ns = read_latency(latency)
    medians_ms = np.median(times_ns, axis=0) / 1e6
    canvas = Figure(figsize=(8.0, 2.6), layout="constrained")
    axes = canvas.subplots()
    left_ms, colours = 0.0, iter(_COLOURS * len(hops))
    for hop, median_ms in zip(hops, medians_ms.tolist(), strict=True):
        label = f"{hop}  {median_ms:.3f} ms"
        if hop == ENCODE_HOP:  # before the sending that latency counts from
            axes.barh(0, -median_ms, color=_GREY, label=f"{label} (before sending)")
            continue
        axes.barh(0, median_ms, left=left_ms, color=next(colours), edgecolor="white", label=label)
        left_ms += median_ms
    axes.axvline(0, color="black", linewidth=1)
    axes.set_xlabel("time since the device sent the sample (ms), median of each hop")
    axes.set_yticks([])
    canvas.suptitle(_percentiles(hops, times_ns), fontsize="medium")
    axes.spines[["left", "right", "top"]].set_visible(False)
    canvas.legend(loc="outside right center", frameon=False, title="hop")
    canvas.savefig(figure, dpi=_DPI)


def _curve(axes: Axes, epochs: list[int], values: list[float], colour: str, label: str = "") -> None:
    axes.plot(epochs, values, color=colour, marker="o", markersize=3, label=label)


def _percentiles(hops: tuple[str, ...], times_ns: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> str:
    sent = [column for column, hop in enumerate(hops) if hop != ENCODE_HOP]
    totals_ms = times_ns[:, sent].sum(axis=1) / 1e6
    p50, p90, p99 = np.percentile(totals_ms, (50, 90, 99))
    percentiles = f"p50 {p50:.2f}   p90 {p90:.2f}   p99 {p99:.2f} ms"
    return f"sent → predicted, {len(totals_ms)} single samples:  {percentiles}"
