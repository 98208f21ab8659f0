"""A user's file: the devices' network on a frozen front, and the base station's."""

from typing import Any

from torch import nn


def encoder(shapes: Any) -> nn.Module:
    """(B, C, h, w) views to (B, F) features; Splitwave adds the heads for the d symbols."""
    channels, _, _ = shapes.view
    front = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    front.requires_grad_(False)  # as a pretrained extractor is
    return nn.Sequential(front, nn.Conv2d(8, 4, 3, stride=2), nn.ReLU(), nn.Flatten())


def decoder(shapes: Any) -> nn.Module:
    """(N, K·d) received symbols to (N, outputs) logits."""
    hidden = nn.Linear(shapes.links * shapes.dimension, 64)
    return nn.Sequential(hidden, nn.ReLU(), nn.Linear(64, shapes.outputs))
