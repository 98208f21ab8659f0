"""The styles of curves, equal in all figures: colour and marker depend on the method, the line on the symbols."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.colors import to_hex

from splitwave.testbed.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION

_CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MARKERS = "os^Dv<>P"

# Regular expressions for names of curves; the first match counts.
_METHODS = (
    ("VDDIB-SR.*ideal link", GREEN, "^"),
    ("VDDIB-SR.*without noise", PURPLE, "D"),
    ("VDDIB-SR.*with noise", VERMILLION, "s"),
    ("QML-IB.*over all PSNRs", SKY, "P"),
    ("QML-IB.*QAM", GREEN, "^"),
    ("QML-IB", BLUE, "o"),
    ("DT-JSCC.*PSK", ORANGE, "v"),
    ("DT-JSCC", VERMILLION, "s"),
    ("Hyper-VIB", VERMILLION, "s"),
    ("VIB", BLUE, "o"),
    ("VFE", BLACK, "X"),
)
_LINES = (("unquantized", "--"), ("64 features", ":"), ("overlap", "-."), ("nothing held out", ":"))

_LEAST_OF_FAMILY = 3
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")
_FAMILY_COLOURS = colormaps["YlOrRd"]
_LIGHTEST, _DARKEST = 0.35, 1.0


@dataclass(frozen=True, slots=True)
class CurveStyle:
    """The style of a curve; dashed and dotted curves have hollow markers."""

    colour: str
    marker: str
    line: str = "-"

    @property
    def fill(self) -> str:
        """The colour inside the markers."""
        return self.colour if self.line == "-" else "white"


def curve_styles(curves: Sequence[str]) -> dict[str, CurveStyle]:
    """Return a distinct style for each curve of a figure.

    Three or more curves whose names differ only in their numbers are a family, with colours from light to dark.
    """
    styles: dict[str, CurveStyle] = {}
    for family in _families(curves):
        styles |= _shades(family)
    for number, curve in enumerate(curve for curve in curves if curve not in styles):
        styles[curve] = _of_method(curve) or CurveStyle(_CYCLE[number % len(_CYCLE)], _MARKERS[number % len(_MARKERS)])
    return styles


def _families(curves: Sequence[str]) -> list[list[str]]:
    alike: dict[str, list[str]] = {}
    for curve in curves:
        alike.setdefault(_NUMBER.sub("#", curve), []).append(curve)
    return [family for family in alike.values() if len(family) >= _LEAST_OF_FAMILY]


def _shades(family: Sequence[str]) -> dict[str, CurveStyle]:
    step = (_DARKEST - _LIGHTEST) / (len(family) - 1)
    return {
        curve: CurveStyle(to_hex(_FAMILY_COLOURS(_LIGHTEST + number * step)), _MARKERS[number % len(_MARKERS)])
        for number, curve in enumerate(family)
    }


def _of_method(curve: str) -> CurveStyle | None:
    line = next((line for word, line in _LINES if word in curve), "-")
    for pattern, colour, marker in _METHODS:
        if re.match(pattern, curve):
            return CurveStyle(colour, marker, line)
    return None
