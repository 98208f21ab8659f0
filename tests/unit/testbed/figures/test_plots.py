"""The figures of a run, and the files from which they are redrawn."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from splitwave.common.protocol.arrays import Int64
from splitwave.common.records.results import FUSE_WAIT_HOP, EpochRecord
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.task import Task
from splitwave.testbed.figures.latency_plot import draw_latency, latency_figure, weights_at_the_median
from splitwave.testbed.figures.training_plot import draw_training, training_figure
from splitwave.testbed.results.metrics import append_epoch, write_latency

TASKS = (Classification(10), Regression(50.0, 28.0))
HOPS = ("encode", "device link", "emulate", "decode")


def record(epoch: int, validation_error: float | None = None, links: int = 2) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        step=16 * (epoch + 1),
        distortion=2.0 / (epoch + 1),
        rate_nats=tuple(50.0 + link + epoch / 3 for link in range(links)),
        training_error=0.5 / (epoch + 1),
        validation_error=validation_error,
        samples_per_s=9000.1,
        seconds=0.4,
    )


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Path:
    """A folder with a summary."""
    (tmp_path / "summary.json").write_text(json.dumps({"error_rate": 0.062, "mse_ns2": 4.0}))
    return tmp_path


def training_of(run: Path, epochs: int, links: int, task: Task, validation_error: float | None = None) -> list[Axes]:
    """The three panels of a training."""
    for epoch in range(epochs):
        append_epoch(run / "metrics.jsonl", record(epoch, validation_error, links), task)
    return training_figure(run / "metrics.jsonl", run / "summary.json", task).axes


def labels_of(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def curve_of(axes: Axes, label: str) -> list[float]:
    line = next(line for line in axes.lines if str(line.get_label()).startswith(label))
    return [float(y) for y in np.asarray(line.get_ydata())]


@pytest.mark.parametrize("links", [1, 2, 5, 6, 16, 64])
@pytest.mark.parametrize("epochs", [1, 15])
def test_every_panel_of_a_training_has_a_legend_of_distinct_entries(run: Path, epochs: int, links: int) -> None:
    for axes in training_of(run, epochs, links, TASKS[0], validation_error=0.2):
        labels = labels_of(axes)
        assert 1 <= len(labels) == len(set(labels)) <= 5
        assert axes.get_xlim() == (0.5, epochs + 0.5)
        assert axes.get_ylim()[0] == 0


@pytest.mark.parametrize(
    ("task", "on_axis", "label"),
    [(TASKS[0], 0.062, "6.20 %"), (TASKS[1], 2e-9 * 299_792_458, "0.600 m")],
    ids=["classes", "times"],
)
def test_the_test_error_of_the_summary_is_drawn_at_the_last_epoch(
    run: Path, task: Task, on_axis: float, label: str
) -> None:
    error = training_of(run, 3, 2, task)[1]

    (star,) = [line for line in error.lines if str(line.get_label()).startswith("test, hard symbols")]
    assert str(star.get_label()).endswith(label)
    assert np.asarray(star.get_xdata()).tolist() == [3]
    assert np.asarray(star.get_ydata()) == pytest.approx([on_axis])


def test_a_training_without_a_summary_has_no_test_error(run: Path) -> None:
    (run / "summary.json").unlink()
    assert labels_of(training_of(run, 3, 2, TASKS[0])[1]) == ["training"]


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_rates_of_many_links_are_their_range_and_mean(run: Path, epochs: int) -> None:
    rate = training_of(run, epochs, 16, TASKS[0])[2]

    assert labels_of(rate) == ["lowest to highest of 16 links", "mean of the links"]
    assert curve_of(rate, "mean of the links") == pytest.approx([57.5 + epoch / 3 for epoch in range(epochs)])
    (area,) = rate.collections
    heights = np.concatenate([np.asarray(path.vertices) for path in area.get_paths()])[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((50.0, 65.0 + (epochs - 1) / 3))


def test_a_point_of_a_single_epoch_is_larger_than_those_of_a_curve(
    run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    many = tmp_path_factory.mktemp("many")
    one_epoch, curve = (training_of(folder, epochs, 2, TASKS[0])[0] for folder, epochs in ((run, 1), (many, 15)))
    assert one_epoch.lines[0].get_markersize() > 2 * curve.lines[0].get_markersize()


def written(folder: Path, times_ns: Int64, hops: tuple[str, ...] = HOPS) -> Path:
    write_latency(folder / "latency.csv", hops, times_ns)
    return folder / "latency.csv"


def right_ends_ms(axes: Axes) -> list[float]:
    """The right ends of the counted hops, in the order of the bar."""
    return [patch.get_x() + patch.get_width() for patch in axes.patches[1:] if isinstance(patch, Rectangle)]


@pytest.mark.parametrize("samples", [1, 2, 3, 40, 401])
def test_the_latency_bar_ends_at_the_median_in_its_title(samples: int, tmp_path: Path) -> None:
    times_ns = np.random.default_rng(samples).exponential(1e6, size=(samples, len(HOPS))).astype(np.int64)
    figure = latency_figure(written(tmp_path, times_ns))
    axes = figure.axes[0]

    stated = re.search(r"([\d.]+) ms", axes.get_title(loc="left"))
    assert stated is not None
    end_ms = right_ends_ms(axes)[-1]
    assert float(stated[1]) == pytest.approx(end_ms, abs=0.005)
    assert end_ms == pytest.approx(np.median(times_ns[:, 1:].sum(axis=1)) / 1e6)


def test_each_hop_of_the_bar_is_its_mean_near_the_median(tmp_path: Path) -> None:
    # Totals 1 … 10 ms; those from p40 to p60 are 4 … 7 ms: (4 + 5 + 6 + 7) / 4. Medians of the hops would end at 1.5.
    link = np.array([1, 2, 3, 1, 4, 1, 6, 1, 8, 1])
    decode = np.arange(1, 11) - link
    zeros = np.zeros_like(link)
    axes = latency_figure(written(tmp_path, np.stack([zeros, link, zeros, decode], axis=1) * 1_000_000)).axes[0]

    ends_ms = right_ends_ms(axes)
    assert ends_ms == pytest.approx([3.0, 3.0, 5.5])
    assert curve_x(axes, "p50") == pytest.approx(5.5)
    assert curve_x(axes, "p90") == pytest.approx(9.1)


def curve_x(axes: Axes, label: str) -> float:
    line = next(line for line in axes.lines if str(line.get_label()).startswith(label))
    return float(np.asarray(line.get_xdata())[0])


def test_a_bar_of_skewed_latencies_ends_at_their_median_too() -> None:
    # p40 to p60 are 4, 5, 6 and 90: their mean is 26.25.
    totals = np.array([1, 2, 3, 4, 5, 6, 90, 91, 92, 93])
    assert weights_at_the_median(totals) @ totals == pytest.approx(5.5)
    weights = weights_at_the_median(totals)
    assert weights.sum() == pytest.approx(1)
    assert np.flatnonzero(weights).tolist() == [3, 4, 5, 6]


def test_encoding_time_is_drawn_left_of_zero_and_labelled_as_not_counted(tmp_path: Path) -> None:
    figure = latency_figure(written(tmp_path, np.full((10, len(HOPS)), 1_000_000)))
    encode = figure.axes[0].patches[0]

    assert isinstance(encode, Rectangle)
    assert (encode.get_x(), encode.get_width()) == (0, -1.0)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "encode: 1.000 ms\n(before sending, not counted)"
    assert len(labels) == len(set(labels)) == len(HOPS) + 3


def test_the_caption_of_many_latencies_is_not_cut(tmp_path: Path) -> None:
    figure = latency_figure(written(tmp_path, np.full((99_999, 3), 1_000_000), ("encode", FUSE_WAIT_HOP, "decode")))
    figure.draw_without_rendering()

    (caption,) = [text for text in figure.texts if text.get_text() == figure.get_supxlabel()]
    assert "99999 of 99999 latencies" in caption.get_text()
    assert caption.get_window_extent().x1 < figure.bbox.x1


def test_a_percentile_far_beyond_the_bar_appears_only_in_the_legend(tmp_path: Path) -> None:
    times_ns = np.full((100, len(HOPS)), 1_000_000)
    times_ns[-2:] = 10**9
    figure = latency_figure(written(tmp_path, times_ns))

    assert figure.axes[0].get_xlim()[1] < 4
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "p90 of all: 3.00 ms" in labels
    assert any(re.fullmatch(r"p99 of all: [\d.]+ ms \(off the axis\)", label) for label in labels)


@pytest.mark.parametrize("hops", [HOPS, ("encode", "device link", FUSE_WAIT_HOP, "decode")])
def test_the_caption_explains_fuse_wait_only_if_there_is_one(hops: tuple[str, ...], tmp_path: Path) -> None:
    figure = latency_figure(written(tmp_path, np.full((10, len(hops)), 1_000_000), hops))
    caption = figure.get_supxlabel()
    assert "from p40 to p60" in caption
    assert ("side by side" in caption) == (FUSE_WAIT_HOP in hops)


def test_a_figure_drawn_twice_is_the_same_png_and_pdf(run: Path) -> None:
    times_ns = np.random.default_rng(0).integers(1, 10**6, size=(40, len(HOPS)))
    csv = written(run, times_ns)
    append_epoch(run / "metrics.jsonl", record(0), TASKS[0])

    for name in ("first", "second"):
        (run / name).mkdir()
        files = draw_latency(csv, run / name / "latency.png")
        files += draw_training(run / "metrics.jsonl", run / "summary.json", run / name / "training.png", TASKS[0])
        assert [file.name for file in files] == ["latency.png", "latency.pdf", "training.png", "training.pdf"]

    for file in files:
        assert file.read_bytes() == (run / "first" / file.name).read_bytes()
        assert file.read_bytes().startswith(b"\x89PNG" if file.suffix == ".png" else b"%PDF")
        assert b"CreationDate" not in file.read_bytes()
