"""The stacked bar of where a query's time goes, as PNG and PDF."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from benchmarks.hop_table import HOPS, hop_times_ns
from benchmarks.percentiles import percentile
from common.load import LinkStamps

_DPI = 150


def draw_hops(
    passes: Mapping[str, Sequence[LinkStamps]], echo_p50_ms: Mapping[str, float], airtime_ms: float | None, stem: Path
) -> list[Path]:
    """A bar a scenario: the medians of its hops, stacked; a line marks the echo floor's p50.

    Args:
        passes: the links' stamps by scenario.
        echo_p50_ms: of the floor, by scenario.
        airtime_ms: modelled, added to each bar; None leaves it out.
        stem: path of the files without their suffix.
    """
    canvas = Figure(figsize=(9.0, 1.6 + 0.8 * len(passes)), layout="constrained")
    axes = canvas.subplots()
    colours = colormaps["tab20"].colors  # type: ignore[attr-defined]
    names = list(passes)
    medians = np.array([_medians_ms(links) for links in passes.values()])
    left = np.zeros(len(names))
    for column, hop in enumerate(HOPS):
        axes.barh(
            names,
            medians[:, column],
            left=left,
            color=colours[column],
            label=hop.name,
            edgecolor="white",
            linewidth=0.5,
        )
        left += medians[:, column]
    if airtime_ms is not None:
        axes.barh(names, airtime_ms, left=left, color="#dddddd", hatch="//", label="airtime, modelled")
    for row, name in enumerate(names):
        if name in echo_p50_ms:
            label = "two-hop echo, p50" if row == 0 else None
            axes.plot([echo_p50_ms[name]] * 2, [row - 0.45, row + 0.45], color="black", linestyle="--", label=label)
    axes.set_xlabel("median of each hop (ms), stacked")
    axes.invert_yaxis()
    axes.spines[["right", "top"]].set_visible(False)
    canvas.legend(loc="outside right center", frameon=False, fontsize="small")
    files = [stem.with_suffix(".png"), stem.with_suffix(".pdf")]
    for file in files:
        canvas.savefig(file, dpi=_DPI)
    return files


def _medians_ms(links: Sequence[LinkStamps]) -> list[float]:
    times = np.concatenate([hop_times_ns(stamps) for stamps in links])
    return [percentile(times[:, column], 50) / 1e6 for column in range(len(HOPS))]
