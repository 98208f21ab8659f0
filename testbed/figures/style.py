"""The colours of all figures, and how a figure is saved as PNG and PDF."""

from pathlib import Path

from matplotlib.figure import Figure

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
    canvas.savefig(png, dpi=_DPI)
    canvas.savefig(pdf, metadata={"CreationDate": None})  # otherwise the PDF contains the current time
    return [png, pdf]
