"""The curves of runs over one another: the errors of the training, and error against PSNR where it was evaluated."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.comparison.runs import ComparedRun
from splitwave.experiments.comparison.settings import groups_of
from splitwave.experiments.sweep.curve_styles import CurveStyle
from splitwave.testbed.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, in_default_style

Named = Sequence[tuple[str, ComparedRun]]

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MARKERS = "os^Dv<>P"


@in_default_style
def comparison_figure(runs: Sequence[ComparedRun], names: Sequence[str]) -> Figure | None:
    """Draw one panel per kind of curve that a run has; None if no run has any."""
    named, wording = list(zip(names, runs, strict=True)), runs[0].config.task.wording
    trained = [(name, run) for name, run in named if run.epochs]
    evaluated = [(name, run) for name, run in named if run.curve]
    count = 2 * bool(trained) + bool(evaluated)
    if not count:
        return None
    canvas = Figure(figsize=(4.2 * count, 3.4 + 0.2 * len(runs)), layout="constrained")
    panels, styles = list(canvas.subplots(1, count, squeeze=False)[0]), _styles(runs, names)
    if trained:
        _draw_training(panels, trained, styles, wording)
    if evaluated:
        _draw_psnr(panels[-1], evaluated, styles, wording)
    handles, labels = (panels[0] if trained else panels[-1]).get_legend_handles_labels()
    if len(trained) < len(named) and evaluated and trained:
        more, others = panels[-1].get_legend_handles_labels()
        handles, labels = handles + more, labels + others
    canvas.legend(handles, labels, loc="outside lower left", ncols=1, frameon=False, fontsize="small")
    return canvas


def _styles(runs: Sequence[ComparedRun], names: Sequence[str]) -> dict[str, CurveStyle]:
    """Return one colour for runs that differ in the seed alone, and one marker for each of them."""
    folders = dict(zip((run.folder for run in runs), names, strict=True))
    return {
        folders[run.folder]: CurveStyle(_COLOURS[group % len(_COLOURS)], _MARKERS[number % len(_MARKERS)])
        for group, members in enumerate(groups_of(runs))
        for number, run in enumerate(members)
    }


def _draw_training(panels: Sequence[Axes], named: Named, styles: dict[str, CurveStyle], wording: Wording) -> None:
    distortion, error = panels[0], panels[1]
    for name, run in named:
        epochs, style = range(1, len(run.epochs) + 1), styles[name]
        for axes, values, label in (
            (distortion, [record.distortion for record in run.epochs], name),
            (error, [wording.on_axis(record.training_error) for record in run.epochs], None),
        ):
            axes.plot(epochs, values, color=style.colour, marker=style.marker, markersize=3.5, label=label)
    distortion.set_ylabel(wording.distortion_axis)
    _finish_errors(error, wording)
    error.set_title("training", fontsize="small", loc="left")
    for axes in (distortion, error):
        axes.set_xlabel("epoch")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)


def _draw_psnr(axes: Axes, named: Named, styles: dict[str, CurveStyle], wording: Wording) -> None:
    for name, run in named:
        at, style = [point.psnr_db for point in run.curve], styles[name]
        errors = [wording.on_axis(point.error) for point in run.curve]
        axes.plot(at, errors, color=style.colour, marker=style.marker, markersize=3.5, label=name)
        low = [wording.on_axis(max(0.0, point.error - point.half_width)) for point in run.curve]
        high = [wording.on_axis(point.error + point.half_width) for point in run.curve]
        axes.fill_between(at, low, high, color=style.colour, alpha=0.2, linewidth=0)
    axes.set_xlabel("PSNR (dB)")
    axes.set_title("test", fontsize="small", loc="left")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    _finish_errors(axes, wording)


def _finish_errors(axes: Axes, wording: Wording) -> None:
    axes.set_ylabel(wording.error_axis)
    if wording.is_share:
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))
