"""A user's file: the devices' network on a frozen front, and the base station's."""

from typing import Any

from torch import nn


def encoder(shapes: Any) -> nn.Module:
    channels, _, _ = shapes.view
    front = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    front.requires_grad_(False)  # as a pretrained extractor is
    return nn.Sequential(front, nn.Conv2d(8, 4, 3, stride=2), nn.ReLU(), nn.Flatten())


def decoder(shapes: Any) -> nn.Module:
    hidden = nn.Linear(shapes.links * shapes.dimension, 64)
    return nn.Sequential(hidden, nn.ReLU(), nn.Linear(64, shapes.outputs))


def wrong(_shapes: Any) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32))
