"""Draws a query's latency divided into hops, as stacked bars in PNG and PDF."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from splitwave.benchmarks.readings.hop_table import HOPS, hop_times_ns
from splitwave.common.protocol.workload import LinkStamps
from splitwave.testbed.figures.latency_plot import NEAR_THE_MEDIAN, weights_at_the_median
from splitwave.testbed.figures.style import in_default_style, save


def draw_hops(
    passes: Mapping[str, Sequence[LinkStamps]], echo_p50_ms: Mapping[str, float], airtime_ms: float | None, stem: Path
) -> list[Path]:
    """Draw `hops_figure` as PNG and PDF; `stem` is the path of the files without their suffix."""
    return save(hops_figure(passes, echo_p50_ms, airtime_ms), stem)


@in_default_style
def hops_figure(
    passes: Mapping[str, Sequence[LinkStamps]], echo_p50_ms: Mapping[str, float], airtime_ms: float | None
) -> Figure:
    """Draw one stacked bar per scenario: the mean time of each hop over the queries near the median latency.

    These means add up to the median of the links' latencies, whereas medians of hops do not. A dashed line marks the
    p50 of the echo floor.

    Args:
        passes: the stamps of each link, by scenario.
        echo_p50_ms: p50 of the echo floor, by scenario.
        airtime_ms: modelled airtime to add to each bar, or None.
    """
    canvas = Figure(figsize=(9.0, 1.6 + 0.8 * len(passes)), layout="constrained")
    axes = canvas.subplots()
    colours = colormaps["tab20"].colors  # type: ignore[attr-defined]
    names = list(passes)
    means = np.array([_means_ms(links) for links in passes.values()])
    left = np.zeros(len(names))
    for column, hop in enumerate(HOPS):
        axes.barh(
            names,
            means[:, column],
            left=left,
            color=colours[column],
            label=hop.name,
            edgecolor="white",
            linewidth=0.5,
        )
        left += means[:, column]
    if airtime_ms is not None:
        axes.barh(names, airtime_ms, left=left, color="#dddddd", hatch="//", label="airtime, modelled")
    for row, name in enumerate(names):
        if name in echo_p50_ms:
            label = "two-hop echo, p50" if row == 0 else None
            axes.plot([echo_p50_ms[name]] * 2, [row - 0.45, row + 0.45], color="black", linestyle="--", label=label)
    axes.set_xlabel("mean of each hop (ms) over the queries from p{} to p{} of the latency".format(*NEAR_THE_MEDIAN))
    axes.invert_yaxis()
    axes.spines[["right", "top"]].set_visible(False)
    canvas.legend(loc="outside right center", frameon=False, fontsize="small")
    return canvas


def _means_ms(links: Sequence[LinkStamps]) -> list[float]:
    times_ns = np.concatenate([hop_times_ns(stamps) for stamps in links])
    means_ms: list[float] = (weights_at_the_median(times_ns.sum(axis=1)) @ times_ns / 1e6).tolist()
    return means_ms
