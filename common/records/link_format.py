"""The sections of a part's manifest about symbols and conditions, as plain frozen values; it runs on a board."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import get_args

import numpy as np

from splitwave.common.limits import MAX_BREAKPOINTS
from splitwave.common.protocol.arrays import Float32
from splitwave.common.records.manifest_fields import Fields
from splitwave.common.wire_dtype import WireDtype

_PEAK = 1 + 1e-5
"""Largest size of a level, with room for rounding."""
_MOST = 1 << 31


@dataclass(frozen=True, slots=True)
class Grid:
    """The quantizer of a device: T breakpoints and T + 1 levels, numbers of float32 exactly; none of both if T = 0."""

    breakpoints: tuple[float, ...]
    levels: tuple[float, ...]

    @classmethod
    def read(cls, fields: Fields) -> "Grid":
        """Check the values of a manifest; raises CheckpointError."""
        breakpoints = fields.numbers("breakpoints", 0, MAX_BREAKPOINTS)
        count = len(breakpoints) + 1 if breakpoints else 0
        found = cls(breakpoints, fields.numbers("levels", count, count))
        for name, values in (("breakpoints", found.breakpoints), ("levels", found.levels)):
            if list(values) != sorted(values) or any(_single(value) != value for value in values):
                fields.refuse(name, "float32 numbers in ascending order")
        if any(abs(level) > _PEAK for level in found.levels):
            fields.refuse("levels", "numbers from -1 to 1")
        return found


def _single(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(value))


@dataclass(frozen=True, slots=True)
class ConditionsFormat:
    """β and noise of the exported networks.

    Attributes:
        betas: β of each link that is folded into the networks, or that they begin with.
        beta_range: the range of β that they were trained on; None for networks that are not β-conditioned.
        log_noise_variances: log σ² of each link where it is an input of the networks; else empty.
        as_input: whether the ONNX graphs have an input `conditions`; else the conditions are folded into them.
    """

    betas: tuple[float, ...]
    beta_range: tuple[float, float] | None
    log_noise_variances: tuple[float, ...]
    as_input: bool

    def row(self, link: int, beta: float) -> Float32:
        """The (1, C) inputs of one link's network under a β."""
        logs = [*([np.log(np.float64(beta))] if self.beta_range else []), *self.log_noise_variances[link : link + 1]]
        return np.array([logs], dtype=np.float32)

    def rows(self) -> Float32:
        """The (1, K·C) inputs of the station's network under the β of each link."""
        return np.concatenate([self.row(link, beta) for link, beta in enumerate(self.betas)], axis=1)

    @classmethod
    def read(cls, fields: Fields, links: int) -> "ConditionsFormat":
        """Check the section of a manifest; raises CheckpointError."""
        fields.has_only("betas", "beta_range", "log_noise_variances", "as_input")
        ends = fields.numbers("beta_range", 0, 2)
        noise = fields.numbers("log_noise_variances", 0, links)
        found = cls(
            fields.numbers("betas", links, links),
            (ends[0], ends[1]) if len(ends) == 2 else None,
            noise,
            fields.flag("as_input"),
        )
        if len(ends) == 1 or (ends and not 0 < ends[0] <= ends[1]):
            fields.refuse("beta_range", "none, or two positive numbers in ascending order")
        if any(not (ends[0] <= beta <= ends[1] if ends else beta >= 0) for beta in found.betas):
            fields.refuse("betas", "numbers within beta_range")
        if len(noise) not in (0, links):
            fields.refuse("log_noise_variances", f"none, or one number for each of {links} links")
        if found.as_input and not (ends or noise):
            fields.refuse("as_input", "false: the networks have no conditions")
        return found

    def tree(self) -> Mapping[str, object]:
        """The section as JSON."""
        return {**asdict(self), "beta_range": list(self.beta_range or ())}


@dataclass(frozen=True, slots=True)
class BlockLimits:
    """Further terms of a link's contract; live queries use `wire_dtype` alone.

    Attributes:
        draws: L, noise draws of a training block.
        max_samples: the largest block.
        hard_training: whether training blocks carry level indices.
        wire_dtype: of real symbols.
    """

    draws: int
    max_samples: int
    hard_training: bool
    wire_dtype: WireDtype = "float32"

    @classmethod
    def read(cls, fields: Fields) -> "BlockLimits":
        """Check the section of a manifest; raises CheckpointError."""
        fields.has_only("draws", "max_samples", "hard_training", "wire_dtype")
        return cls(
            fields.whole("draws", 1, _MOST),
            fields.whole("max_samples", 1, _MOST),
            fields.flag("hard_training"),
            fields.choice("wire_dtype", get_args(WireDtype)) if "wire_dtype" in fields.names else "float32",
        )

    def tree(self) -> Mapping[str, object]:
        """The section as JSON; a part with the default is that of an earlier version."""
        tree = asdict(self)
        return tree if self.wire_dtype != "float32" else {name: tree[name] for name in tree if name != "wire_dtype"}
