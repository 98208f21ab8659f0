"""Views `rows`, `columns` and `grid`: equal parts of a sample, disjoint or overlapping  [QML-IB, Experiments]."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splitwave.common.data.dataset import Images, ImageShape, Split
from splitwave.common.data.view import Place, View, only_array
from splitwave.common.data.views import view_rows


@dataclass(frozen=True)
class Parts:
    """A sample cut into bands of rows, and these into columns.

    Attributes:
        name: of the view.
        layout: from K to (bands, columns), whose product is K. Link k has band k // columns and column k % columns.
    """

    name: str
    layout: Callable[[int], tuple[int, int]]

    def shape(self, arrays: Sequence[ImageShape], place: Place, /) -> ImageShape:
        """The same for every link."""
        channels, height, width = only_array(self.name, arrays)
        rows, columns = self._slices(height, width, place)
        return channels, rows.stop - rows.start, columns.stop - columns.start

    def cut(self, arrays: Sequence[Images], place: Place, _split: Split, /) -> Images:
        """`view_rows` of both axes."""
        samples = arrays[0]
        rows, columns = self._slices(samples.shape[2], samples.shape[3], place)
        return samples[..., rows, columns]

    def _slices(self, height: int, width: int, place: Place) -> tuple[slice, slice]:
        bands, columns = self.layout(place.links)
        band, column = divmod(place.link, columns)
        return view_rows(height, bands, band, place.overlap), view_rows(width, columns, column, place.overlap)


def squarest(links: int) -> tuple[int, int]:
    """Bands and columns of K parts, as equal as K allows: 2 × 2, 3 × 2, 3 × 3; a prime K has bands alone."""
    columns = max(each for each in range(1, math.isqrt(links) + 1) if links % each == 0)
    return links // columns, columns


ROWS: View = Parts("rows", lambda links: (links, 1))
COLUMNS: View = Parts("columns", lambda links: (1, links))
GRID: View = Parts("grid", squarest)
