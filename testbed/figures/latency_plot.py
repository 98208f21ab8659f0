"""`latency.png` and `.pdf`: where the time of a single sample goes, drawn from `latency.csv` alone."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from splitwave.common.protocol.arrays import Int64
from splitwave.common.records.results import ENCODE_HOP, FUSE_WAIT_HOP
from splitwave.testbed.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW, save
from splitwave.testbed.results.metrics import read_latency

Float64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW)
_PERCENTILES = {50: "-", 90: "--", 99: ":"}
NEAR_THE_MEDIAN = (40, 60)
"""Percentiles of the latency between which a sample is near the median."""
_FARTHEST = 3.0
"""A percentile beyond this many lengths of the bar appears only in the legend: a line for it would shrink the bar."""
_HALF_HEIGHT = 1.3
"""Half of the axes' height; half of the bar's is 1, so the lines of the percentiles are longer than the bar is high."""


def draw_latency(latency: Path, figure: Path) -> list[Path]:
    """Draw the mean of each hop over the samples whose latency is near the median, end to end, as PNG and PDF.

    These means add up to the median latency, which medians of the hops do not.

    Args:
        latency: a `latency.csv` with at least one row.
        figure: the PNG to write, the PDF beside it.

    Returns:
        The files written.
    """
    return save(latency_figure(latency), figure)


def latency_figure(latency: Path) -> Figure:
    """The figure of a `latency.csv`, not yet saved."""
    hops, times_ns = read_latency(latency)
    sent = [hop != ENCODE_HOP for hop in hops]
    totals_ns = times_ns[:, sent].sum(axis=1)
    weights = weights_at_the_median(totals_ns)
    canvas = Figure(figsize=(8.0, 3.3), layout="constrained")
    axes = canvas.subplots()
    end_ms = _stack(axes, hops, (weights @ times_ns / 1e6).tolist())
    _mark_percentiles(axes, totals_ns / 1e6, end_ms)
    title = f"Median latency of a single sample: {end_ms:.2f} ms from sending to prediction"
    axes.set_title(title, loc="left", fontsize="medium")
    axes.set_xlabel("time since the device sent the sample (ms)")
    axes.set_yticks([])
    axes.set_ylim(-_HALF_HEIGHT, _HALF_HEIGHT)
    axes.spines[["left", "right", "top"]].set_visible(False)
    canvas.supxlabel(
        _caption(int(np.count_nonzero(weights)), len(weights), hops),
        fontsize="small",
        x=0.01,
        ha="left",
        linespacing=1.4,
    )
    percentiles = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    canvas.legend(
        handles=[*axes.containers, *percentiles],
        loc="outside right upper",
        frameon=False,
        title="hop: mean time",
        alignment="left",
    )
    return canvas


def weights_at_the_median(totals_ns: Int64) -> Float64:
    """Weights of the samples near the median latency, with which their hops' means add up to exactly that latency.

    Those from `NEAR_THE_MEDIAN`'s first percentile to the median have one weight, those from there to the second
    another: with equal ones a skewed latency has a mean beside its median.

    Args:
        totals_ns: (samples,) int64 nanoseconds.

    Returns:
        (samples,) with sum 1, 0 for samples that are not near.
    """
    median_ns = np.median(totals_ns)
    # Percentiles that are some sample's own, so that one sample, and two, are near their median too.
    low_ns = np.percentile(totals_ns, NEAR_THE_MEDIAN[0], method="lower")
    high_ns = np.percentile(totals_ns, NEAR_THE_MEDIAN[1], method="higher")
    below = (low_ns <= totals_ns) & (totals_ns <= median_ns)
    above = (median_ns <= totals_ns) & (totals_ns <= high_ns)
    low_mean_ns, high_mean_ns = totals_ns[below].mean(), totals_ns[above].mean()
    share = (median_ns - low_mean_ns) / (high_mean_ns - low_mean_ns) if high_mean_ns > low_mean_ns else 0.5
    return np.asarray((1 - share) * below / below.sum() + share * above / above.sum(), dtype=np.float64)


def _stack(axes: Axes, hops: tuple[str, ...], means_ms: list[float]) -> float:
    """Draw the hops end to end from 0 on, what came before the sending left of it; returns where they end."""
    end_ms, colours = 0.0, iter(_COLOURS * len(hops))
    for hop, mean_ms in zip(hops, means_ms, strict=True):
        label = f"{hop}: {mean_ms:.3f} ms"
        if hop == ENCODE_HOP:
            label += "\n(before sending, not counted)"
            axes.barh(0, -mean_ms, height=2, color="white", edgecolor=GREY, hatch="///", label=label)
            continue
        axes.barh(0, mean_ms, left=end_ms, height=2, color=next(colours), edgecolor="white", linewidth=0.3, label=label)
        end_ms += mean_ms
    axes.axvline(0, color=BLACK, linewidth=1)
    return end_ms


def _mark_percentiles(axes: Axes, totals_ms: Float64, end_ms: float) -> None:
    """Draw the latency's percentiles over all samples as lines, of which the legend has the values."""
    farthest_ms = end_ms
    for percentile, style in _PERCENTILES.items():
        at_ms = float(np.percentile(totals_ms, percentile))
        label = f"p{percentile} of all: {at_ms:.2f} ms"
        if at_ms > _FARTHEST * end_ms:
            axes.plot([], [], " ", label=f"{label} (off the axis)")
            continue
        axes.axvline(at_ms, color=BLACK, linestyle=style, linewidth=1.5, label=label)
        farthest_ms = max(farthest_ms, at_ms)
    axes.set_xlim(right=1.05 * farthest_ms)


def _caption(near: int, samples: int, hops: tuple[str, ...]) -> str:
    low, high = NEAR_THE_MEDIAN
    side_by_side = "; links send side by side, and one that is early has a longer “fuse wait”"
    return (
        f"The bar: mean of each hop over the {near} of {samples} latencies from p{low} to p{high}, "
        "weighted so that it ends at p50.\n"
        f"Each link of a query is a latency of its own{side_by_side if FUSE_WAIT_HOP in hops else ''}."
    )
