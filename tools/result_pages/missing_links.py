"""The text of docs/results/missing-links.md, the page about inference without some links, and its summary."""
# ruff: noqa: E501  # a paragraph's lines and a table's rows are as long as they are on the page

from splitwave.experiments.paper.missing_links import CHOSEN_DROPOUT, LINKS, curve_name
from tools.result_pages.measured import Measured

_FIGURE = "missing_links"
_PANEL = "linear"
_PLAIN, _DROPOUT = curve_name(0.0), curve_name(CHOSEN_DROPOUT)


def page(measured: Measured) -> str:
    """Return the whole page."""
    return f"""# Missing links

This page shows the error of K = {LINKS} devices when the base station answers without some of them, for decoders trained with and without
[link dropout](../how-to/missing-links.md). `python -m tools.publish_figures` writes it from the table in `docs/results/missing-links/`; a test compares them.
Numbers are means over seeds with a 95 % interval (Student's t), which covers initialisation, batch order, noise and erasures, but not the choice of samples.

    SPLITWAVE_DATA_DIR=DIR splitwave experiment run {_FIGURE} --seeds 3
    splitwave experiment plot {_FIGURE}                           # the picture, from the CSV alone

![Test error over the number of missing links, without link dropout and with it](missing-links/{_FIGURE}.png)

{measured.table(_FIGURE)}

How much higher the error without link dropout is, seed by seed (positive: link dropout is better):

{measured.gaps(_FIGURE, _DROPOUT, _PLAIN)}

{measured.made(_FIGURE)}

## How it was measured

- *Setting.* MNIST's four quarters of rows, QML-IB with the backbone `linear`, d = 57 symbols a device, T = 15, 10 dB, the β and the epochs of [QML-IB's figures](qml-ib.md).
- *Missing links.* One trained network is measured with 0, 1 and 2 links missing: the mean over all sets of as many links. Their symbols are zeros at the decoder, as at a base station that does
  not wait for them ([ADR 25](../adr/0025-serving-without-some-links.md)).
- *p = {CHOSEN_DROPOUT:g}* was chosen on held-out digits of `mnist5k`, with one seed and few epochs (`splitwave experiment run link_dropout --preset smoke`). It was not chosen again on MNIST, so another
  value may be better there. Epochs are chosen by the held-out error with all links; the test split is evaluated once, after training.
"""


def summary(measured: Measured) -> str:
    """Return the part of the overview: the table."""
    return f"""The table shows the error on MNIST's test digits of K = {LINKS} devices when the base station answers without some of them, for training with and without
link dropout.

{measured.table(_FIGURE)}

With two of four links missing it is {measured.point(_FIGURE, _PANEL, _DROPOUT, 2)} with link dropout, and {measured.point(_FIGURE, _PANEL, _PLAIN, 2)} without.
[Missing links](missing-links.md) has the plot, and how it was measured."""
