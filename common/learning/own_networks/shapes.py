"""The only argument of a factory of a network: the shapes of the run."""

from dataclasses import dataclass

from splitwave.common.data.dataset import ImageShape


@dataclass(frozen=True, slots=True)
class EncoderShapes:
    """The shapes of a device's network: from (B, C, h, w) views to (B, F) features, any F ≥ 1.

    Heads for the means and standard deviations of the d symbols are added to it, so that d is no size of the network.

    Attributes:
        view: (C, h, w) of what this link's device sees of a sample; float32, pixels in [0, 1].
        link, links: k, and K.
        dimension: d, the symbols of a sample and link.
    """

    view: ImageShape
    link: int
    links: int
    dimension: int


@dataclass(frozen=True, slots=True)
class DecoderShapes:
    """The shapes of the base station's network: from (N, K·d) received values, link after link, to (N, outputs).

    Attributes:
        links: K.
        dimension: d, the values of a sample and link: its symbols, and behind them, with `channel.receiver.inputs`, the
            gain and the PSNR of its channel in tens of decibels.
        outputs: logits of the classes, or the numbers of a regression.
    """

    links: int
    dimension: int
    outputs: int
