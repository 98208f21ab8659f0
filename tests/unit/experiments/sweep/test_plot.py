"""The papers' figures, drawn from the published tables."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure as Canvas

from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.preset import PRESETS, preset_named
from splitwave.experiments.sweep.curve_styles import curve_styles
from splitwave.experiments.sweep.curves import Point, points
from splitwave.experiments.sweep.figure import Figure
from splitwave.experiments.sweep.panels import panels_of
from splitwave.experiments.sweep.plot import draw, redraw
from splitwave.experiments.sweep.table import read
from tools.pages import PAGES

PUBLISHED = {path.stem: path for page in PAGES for path in sorted(page.folder.glob("*.csv"))}
MOST_CURVES = 6
"""The most curves in a panel that can be distinguished."""


@pytest.fixture(name="name", scope="module", params=PUBLISHED)
def _name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="of", scope="module")
def _of(name: str) -> list[Point]:
    return points(read(PUBLISHED[name]), definition(name).error)


@pytest.fixture(name="canvas", scope="module")
def _canvas(name: str, of: list[Point]) -> Canvas:
    return draw(definition(name), of)


def definition(name: str) -> Figure:
    return FIGURES[name](preset_named("paper"), 3)


def published(name: str) -> Canvas:
    return draw(definition(name), points(read(PUBLISHED[name]), definition(name).error))


def panels(canvas: Canvas) -> list[Axes]:
    return [axes for axes in canvas.axes if axes.axison]


def curves(axes: Axes) -> dict[str, ErrorbarContainer]:
    return {str(bars.get_label()): bars for bars in axes.containers if isinstance(bars, ErrorbarContainer)}


def legend_labels(canvas: Canvas) -> list[str]:
    """Return the labels of all legends of the figure."""
    legends = [*canvas.legends, *(legend for axes in canvas.axes if (legend := axes.get_legend()))]
    assert len(legends) == 1
    return [text.get_text() for text in legends[0].get_texts()]


def test_a_figure_has_one_legend_that_names_each_curve_once(canvas: Canvas, of: list[Point]) -> None:
    labels = legend_labels(canvas)
    assert len(labels) == len(set(labels))
    assert set(labels) == {point.curve for point in of}


def test_all_panels_share_the_error_axis(canvas: Canvas) -> None:
    assert len({axes.get_ylim() for axes in panels(canvas)}) == 1
    assert {axes.get_yscale() for axes in panels(canvas)} == {"log"}


def test_tick_labels_do_not_overlap(canvas: Canvas) -> None:
    canvas.draw_without_rendering()
    for axes in panels(canvas):
        limits = ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for axis, (low, high) in limits:
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            boxes = [tick.label1.get_window_extent() for tick in ticks if tick.label1.get_visible()]
            assert not any(one.overlaps(other) for one, other in pairwise(boxes))


def test_no_panel_has_too_many_curves_to_distinguish(canvas: Canvas) -> None:
    assert all(1 <= len(curves(axes)) <= MOST_CURVES for axes in panels(canvas))


def test_a_curve_has_the_same_unique_style_in_all_panels(canvas: Canvas) -> None:
    looks: dict[str, set[object]] = {}
    for axes in panels(canvas):
        for label, bars in curves(axes).items():
            line = bars.lines[0]
            look = (line.get_color(), line.get_linestyle(), line.get_marker(), line.get_markerfacecolor())
            looks.setdefault(label, set()).add(look)
    assert all(len(look) == 1 for look in looks.values())
    assert len(set.union(*looks.values())) == len(looks)


def test_every_point_of_the_table_is_drawn_at_its_mean(canvas: Canvas, of: list[Point]) -> None:
    drawn = {
        (label, x, y)
        for axes in panels(canvas)
        for label, bars in curves(axes).items()
        for x, y in np.column_stack(bars.lines[0].get_data()).tolist()
    }
    assert drawn == {(point.curve, point.x, point.error.mean) for point in of}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", FIGURES)
def test_every_curve_is_in_a_view_with_every_preset(name: str, preset: str) -> None:
    figure = FIGURES[name](preset_named(preset), 1)
    shown = points_without_errors(figure)
    panels_with_curves = panels_of(figure, shown)
    assert {curve for panel in panels_with_curves for curve in panel.curves} == {point.curve for point in shown}
    assert all(len(panel.curves) <= MOST_CURVES for panel in panels_with_curves)


def points_without_errors(figure: Figure) -> list[Point]:
    """Return one point per mark, without trained errors."""
    any_point = points(read(PUBLISHED["table1"]))[0]
    return [Point(mark.panel, mark.curve, mark.x or 0.0, any_point.error, ()) for mark in figure.marks]


def test_a_curve_that_no_view_shows_is_an_error() -> None:
    of = points(read(PUBLISHED["fig3"]))
    with pytest.raises(ValueError, match="fig3: no view shows QML-IB, unquantized"):
        panels_of(Figure("fig3", "", "bits", (), views={"one": "QML-IB"}), of)


def test_a_methods_colour_is_the_same_in_every_figure() -> None:
    for one, other in (
        ("QML-IB, 4 bits", "QML-IB, unquantized"),
        ("VDDIB-SR, 1 bit, ideal link", "VDDIB-SR, unquantized, ideal link"),
        ("VDDIB-SR, 1 bit, trained with noise", "VDDIB-SR, 1 bit, trained with noise, 64 features"),
    ):
        looks = curve_styles([one, other, "VFE (K = 1)"])
        assert looks[one].colour == looks[other].colour
        assert looks[one].line != looks[other].line
        assert looks[one] == curve_styles([one])[one]


def test_curves_that_differ_in_a_number_have_colours_from_light_to_dark() -> None:
    names = [f"Hyper-VIB, one training of {epochs} epochs" for epochs in (6, 8, 11, 24)]
    looks = curve_styles(["VIB, a training a β", *names])
    lightness = [sum(int(looks[name].colour[at : at + 2], 16) for at in (1, 3, 5)) for name in names]
    assert lightness == sorted(lightness, reverse=True)
    assert len({looks[name].marker for name in names}) == len(names)


def test_only_curves_with_common_x_values_are_shifted_apart() -> None:
    at_one_x, at_their_own = (
        draw(definition(name), points(read(PUBLISHED[name]))) for name in ("fig2a", "retransmission")
    )
    assert spots(panels(at_one_x)[0]) == 4
    assert "side by side" in at_one_x.get_suptitle()
    assert "side by side" not in at_their_own.get_suptitle()


def spots(axes: Axes) -> int:
    """Return the number of distinct horizontal positions of the curves' first points, in pixels."""
    firsts = [bars.lines[0] for bars in curves(axes).values()]
    pixels = [line.get_transform().transform(np.column_stack(line.get_data()).astype(float))[0, 0] for line in firsts]
    return len(set(np.round(pixels, 3)))


def test_a_figure_states_the_number_of_seeds() -> None:
    titles = {
        name: draw(definition(name), points(read(PUBLISHED[name]), definition(name).error)) for name in ("fig3", "beta")
    }
    assert titles["fig3"].get_suptitle().splitlines()[1].startswith("mean of 3 seeds and its 95 % interval")
    assert titles["beta"].get_suptitle().splitlines()[1].startswith("one seed")


def test_a_figure_redrawn_is_the_same_png_and_pdf(tmp_path: Path) -> None:
    drawn = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        (folder / "fig3.csv").write_bytes(PUBLISHED["fig3"].read_bytes())
        drawn.append([file.read_bytes() for file in redraw(definition("fig3"), folder)])
    assert drawn[0] == drawn[1]
    assert [content[:4] for content in drawn[0]] == [b"\x89PNG", b"%PDF"]


def test_a_single_x_is_in_the_middle_of_a_logarithmic_axis() -> None:
    of = points(read(PUBLISHED["fig2a"]), definition("fig2a").error)
    first_x = min(point.x for point in of)
    canvas = draw(definition("fig2a"), [point for point in of if point.x == first_x])
    for axes in panels(canvas):
        low, high = axes.get_xlim()
        assert axes.get_xscale() == "log"
        assert low * high == pytest.approx(first_x**2, rel=1e-12)
