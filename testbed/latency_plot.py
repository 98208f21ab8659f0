"""`latency.png` and `.pdf`: where the time of a single sample goes, drawn from `latency.csv` alone."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.messages import Int64
from common.results import ENCODE_HOP, FUSE_WAIT_HOP
from testbed.figure_style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW, save
from testbed.metrics import read_latency

Float64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW)
_PERCENTILES = {50: "-", 90: "--", 99: ":"}
NEAR_THE_MEDIAN = (40, 60)
"""Percentiles of the latency between which the bar's samples lie."""
_FARTHEST = 3.0
"""A percentile beyond so many lengths of the bar stands in the legend alone: the axis would squeeze the bar."""
_HALF_OF_AXES = 1.3
"""Of the bar, 1 is a half: the lines of the percentiles jut out."""


def draw_latency(latency: Path, figure: Path) -> list[Path]:
    """Draw the mean of each hop over the samples whose latency is near the median, end to end, as PNG and PDF.

    Means over the same samples add up to these samples' mean latency; medians of the hops add up to nothing.

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
    totals_ms = times_ns[:, sent].sum(axis=1) / 1e6
    near = near_the_median(times_ns[:, sent].sum(axis=1))
    means_ms = (times_ns[near].mean(axis=0) / 1e6).tolist()
    canvas = Figure(figsize=(8.0, 3.3), layout="constrained")
    axes = canvas.subplots()
    end_ms = _stack(axes, hops, means_ms)
    _mark_percentiles(axes, totals_ms, end_ms)
    axes.set_title(
        f"A single sample near the median: {end_ms:.2f} ms from sending to prediction", loc="left", fontsize="medium"
    )
    axes.set_xlabel("time since the device sent the sample (ms)")
    axes.set_yticks([])
    axes.set_ylim(-_HALF_OF_AXES, _HALF_OF_AXES)
    axes.spines[["left", "right", "top"]].set_visible(False)
    canvas.supxlabel(_caption(len(near), len(totals_ms), hops), fontsize="small", x=0.01, ha="left", linespacing=1.4)
    percentiles = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    canvas.legend(
        handles=[*axes.containers, *percentiles],
        loc="outside right upper",
        frameon=False,
        title="hop: mean time",
        alignment="left",
    )
    return canvas


def near_the_median(totals_ns: Int64) -> Int64:
    """Rows of the samples whose latency lies between the two percentiles `NEAR_THE_MEDIAN`, at least one."""
    # Percentiles that are some sample's own, so that one sample, and two, are near their median too.
    low_ns, _ = np.percentile(totals_ns, NEAR_THE_MEDIAN, method="lower")
    _, high_ns = np.percentile(totals_ns, NEAR_THE_MEDIAN, method="higher")
    return np.flatnonzero((low_ns <= totals_ns) & (totals_ns <= high_ns))


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


def _mark_percentiles(
    axes: Axes, totals_ms: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", end_ms: float
) -> None:
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
        f"The bar: mean of each hop over the {near} of {samples} latencies from p{low} to p{high}; "
        "the means add up to its end.\n"
        f"Each link of a query is a latency of its own{side_by_side if FUSE_WAIT_HOP in hops else ''}."
    )
