"""`latency.png` and `.pdf`: the latency of a single sample, divided into hops; drawn from `latency.csv` alone."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from splitwave.common.protocol.arrays import Int64
from splitwave.common.records.results import ENCODE_HOP, FUSE_WAIT_HOP
from splitwave.testbed.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    in_default_style,
    save,
)
from splitwave.testbed.results.metrics import read_latency

Float64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW)
_PERCENTILES = {50: "-", 90: "--", 99: ":"}
NEAR_THE_MEDIAN = (40, 60)
"""Samples whose latency lies between these percentiles count as near the median."""
_FARTHEST = 3.0
"""Percentiles beyond this many bar lengths appear only in the legend, because a line for them would shrink the bar."""
_HALF_HEIGHT = 1.3
"""Half of the axes' height; the bar's is 1, so that the percentile lines extend beyond the bar."""


def draw_latency(latency: Path, figure: Path) -> list[Path]:
    """Draw a stacked bar of the mean time of each hop over the samples near the median latency, as PNG and PDF.

    These means add up to the median latency, whereas the medians of the hops do not.

    Args:
        latency: a `latency.csv` with at least one row.
        figure: path of the PNG; the PDF is written beside it.

    Returns:
        The files written.
    """
    return save(latency_figure(latency), figure)


@in_default_style
def latency_figure(latency: Path) -> Figure:
    """Draw the figure of a `latency.csv` without saving it."""
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
    """Return weights for the samples near the median latency, such that the weighted mean latency is the median.

    Samples between the first percentile of `NEAR_THE_MEDIAN` and the median share one weight, those between the
    median and the second percentile another: with equal weights, the mean of a skewed latency differs from its median.

    Args:
        totals_ns: (samples,) int64 latencies in nanoseconds.

    Returns:
        (samples,) float64 weights with sum 1; 0 for samples that are not near the median.
    """
    median_ns = np.median(totals_ns)
    # Percentiles that equal some sample, so that the samples near the median are never an empty set.
    low_ns = np.percentile(totals_ns, NEAR_THE_MEDIAN[0], method="lower")
    high_ns = np.percentile(totals_ns, NEAR_THE_MEDIAN[1], method="higher")
    below = (low_ns <= totals_ns) & (totals_ns <= median_ns)
    above = (median_ns <= totals_ns) & (totals_ns <= high_ns)
    low_mean_ns, high_mean_ns = totals_ns[below].mean(), totals_ns[above].mean()
    share = (median_ns - low_mean_ns) / (high_mean_ns - low_mean_ns) if high_mean_ns > low_mean_ns else 0.5
    return np.asarray((1 - share) * below / below.sum() + share * above / above.sum(), dtype=np.float64)


def _stack(axes: Axes, hops: tuple[str, ...], means_ms: list[float]) -> float:
    """Draw the hops end to end from 0 on, and encoding to the left of 0; returns the end of the bar in milliseconds."""
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
    """Draw the percentiles of the latency over all samples as lines, with their values in the legend."""
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
