"""The colours of all figures, and how a figure is saved as PNG and PDF."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from matplotlib import style
from matplotlib.figure import Figure

from splitwave.common.files.whole_file import whole_file

P = ParamSpec("P")
T = TypeVar("T")

# Okabe and Ito's palette, which colour-blind readers can distinguish.
BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, BLACK, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000", "#999999",
)  # fmt: skip

_DPI = 150


def in_default_style(draw: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that draws or saves a figure, so that a user's matplotlibrc changes nothing in it.

    Such a file may ask for LaTeX, which is not installed everywhere, or for other sizes than those that the figure has
    space for.
    """

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with style.context("default"):
            return draw(*args, **kwargs)

    return wrapper


@in_default_style
def save(canvas: Figure, figure: Path) -> list[Path]:
    """Write a figure as PNG and PDF; the same drawing always gives the same bytes.

    Args:
        canvas: the figure.
        figure: path of both files, with either suffix or none.

    Returns:
        The PNG and the PDF.
    """
    png, pdf = figure.with_suffix(".png"), figure.with_suffix(".pdf")
    with whole_file(png) as temporary:
        canvas.savefig(temporary, format="png", dpi=_DPI)
    with whole_file(pdf) as temporary:
        canvas.savefig(temporary, format="pdf", metadata={"CreationDate": None})  # else it contains the current time
    return [png, pdf]
