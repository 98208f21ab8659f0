"""The colours of all figures, and how a figure is saved as PNG and PDF."""

from pathlib import Path

from matplotlib.figure import Figure

from splitwave.common.files.whole_file import whole_file

# Okabe and Ito's palette, which colour-blind readers can distinguish.
BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, BLACK, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000", "#999999",
)  # fmt: skip

_DPI = 150


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
