"""Factories of networks as users write them: good ones, and some that no run can use."""

import torch
from torch import Tensor, nn

from splitwave.common.learning.own_networks.shapes import DecoderShapes, EncoderShapes

NUMBER = 3


def small(shapes: EncoderShapes) -> nn.Module:
    """A frozen convolution before layers that are trained, with batch normalisation."""
    front = nn.Sequential(nn.Conv2d(shapes.view[0], 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    front.requires_grad_(False)
    return nn.Sequential(front, nn.AvgPool2d(2), nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten())


def recurrent(shapes: EncoderShapes) -> nn.Module:
    """Weights of a kind that `initialise_linear_layers` does not know, drawn by torch."""

    class Rows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.GRU(shapes.view[0] * shapes.view[2], 5, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            last: Tensor = self.cells(x.transpose(1, 2).flatten(2))[0][:, -1]
            return last

    return Rows()


def tied(_shapes: EncoderShapes) -> nn.Module:
    first, second = nn.Linear(28, 28), nn.Linear(28, 28)
    second.weight = first.weight
    return nn.Sequential(first, nn.ReLU(), second, nn.Flatten())


def decoder(shapes: DecoderShapes) -> nn.Module:
    hidden = nn.Linear(shapes.links * shapes.dimension, 12)
    return nn.Sequential(hidden, nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, shapes.outputs))


def wrong_layer(_shapes: EncoderShapes) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU())


def wrong_channels(_shapes: EncoderShapes) -> nn.Module:
    return nn.Sequential(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(3, 4, 3)), nn.Flatten())


def maps(_shapes: EncoderShapes) -> nn.Module:
    return nn.Conv2d(1, 3, 3)


def pair(_shapes: EncoderShapes) -> nn.Module:
    return nn.GRU(28, 3)


def dropout(_shapes: EncoderShapes) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(392, 4))


def unused(_shapes: EncoderShapes) -> nn.Module:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(392, 2), nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            outputs: Tensor = self.used(x.flatten(1))
            return outputs

    return Half()


def failing(_shapes: EncoderShapes) -> nn.Module:
    raise LookupError("no weights\nin the cache")


def no_network(_shapes: EncoderShapes) -> int:
    return NUMBER


def seven(shapes: DecoderShapes) -> nn.Module:
    return nn.Linear(shapes.links * shapes.dimension, 7)


def deaf(shapes: DecoderShapes) -> nn.Module:
    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.answer = nn.Parameter(torch.zeros(shapes.outputs))

        def forward(self, x: Tensor) -> Tensor:
            return self.answer.expand(len(x), -1)

    return Deaf()
