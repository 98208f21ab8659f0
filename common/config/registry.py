"""The implementations that settings name: each name stands here once, with the place of its implementation.

See `common.seam` for how packages of others add theirs. Nothing is imported before it is used.
"""

from collections.abc import Callable
from dataclasses import dataclass

from splitwave.common.seam import Seam

_RATE_BOUNDS = "splitwave.device.rate.bounds"
BOUNDS: Seam[object] = Seam(
    "objective.bound",
    "splitwave.bounds",
    {
        "tight": f"{_RATE_BOUNDS}.tight:TIGHT",
        "paper": f"{_RATE_BOUNDS}.paper:PAPER",
        "prior": f"{_RATE_BOUNDS}.prior:PRIOR",
        "quadrature": f"{_RATE_BOUNDS}.quadrature:QUADRATURE",
    },
)
"""Each implements `device.rate.bound.Bound`."""


@dataclass(frozen=True)
class BackboneLine:
    """A built-in backbone.

    Attributes:
        place: of the implementation, `module:object`.
        supports_conditions, has_width: as the implementation says, for checks that must not import it.
    """

    place: str
    supports_conditions: bool = True
    has_width: bool = False


_NETWORKS = "splitwave.common.learning.backbones"
BUILT_IN_BACKBONES = {
    "linear": BackboneLine(f"{_NETWORKS}.dense:LINEAR"),
    "tanh": BackboneLine(f"{_NETWORKS}.dense:TANH"),
    "mlp": BackboneLine(f"{_NETWORKS}.dense:MLP"),
    "vib": BackboneLine(f"{_NETWORKS}.dense:VIB"),
    "tones": BackboneLine(f"{_NETWORKS}.dense:TONES"),
    "csi": BackboneLine(f"{_NETWORKS}.csi:CSI"),
    "conv": BackboneLine(f"{_NETWORKS}.conv:CONV", supports_conditions=False, has_width=True),
}
BACKBONES: Seam[object] = Seam(
    "encoder.backbone", "splitwave.backbones", {name: line.place for name, line in BUILT_IN_BACKBONES.items()}
)
"""Each implements `common.learning.backbones.backbone.Backbone`."""

_POLICIES = "splitwave.basestation.fusion.policies"
FUSION_POLICIES: Seam[Callable[[], object]] = Seam(
    "fusion.policy",
    "splitwave.fusion_policies",
    {
        "all": f"{_POLICIES}.all_links:AllLinks",
        "deadline": f"{_POLICIES}.deadline:Deadline",
        "quorum": f"{_POLICIES}.quorum:Quorum",
    },
)
"""When the base station has enough links of a block to decode it; see `basestation.fusion.fusion_policy`."""

FIXED = "fixed"

_ADAPTATION = "splitwave.basestation.adaptation.policies"
ADAPTATION_POLICIES: Seam[Callable[[], object]] = Seam(
    "adaptation.policy",
    "splitwave.adaptation_policies",
    {FIXED: f"{_ADAPTATION}.fixed:Fixed", "table": f"{_ADAPTATION}.table:Table"},
)
"""Each implements `basestation.adaptation.adaptation_policy.AdaptationPolicy`."""

AWGN = "awgn"

_CHANNEL_MODELS = "splitwave.channel.models"
CHANNEL_MODELS: Seam[object] = Seam(
    "channel.model",
    "splitwave.channel_models",
    {
        AWGN: f"{_CHANNEL_MODELS}.awgn:AwgnChannel",
        "gain": f"{_CHANNEL_MODELS}.gain:GainChannel",
        "rayleigh": f"{_CHANNEL_MODELS}.rayleigh:RayleighChannel",
        "rician": f"{_CHANNEL_MODELS}.rician:RicianChannel",
        "clarke": f"{_CHANNEL_MODELS}.clarke:ClarkeChannel",
        "shadowing": f"{_CHANNEL_MODELS}.shadowing:ShadowingChannel",
        "mixture": f"{_CHANNEL_MODELS}.mixture:MixtureChannel",
        "path-loss": f"{_CHANNEL_MODELS}.path_loss:PathLossChannel",
        "erasures": f"{_CHANNEL_MODELS}.erasures:ErasureChannel",
        "gilbert-elliott": f"{_CHANNEL_MODELS}.gilbert_elliott:GilbertElliottChannel",
        "clipping": f"{_CHANNEL_MODELS}.clipping:ClippingChannel",
        "phase-noise": f"{_CHANNEL_MODELS}.phase_noise:PhaseNoiseChannel",
        "trace": f"{_CHANNEL_MODELS}.trace:TraceChannel",
        "interference": f"{_CHANNEL_MODELS}.interference:InterferenceChannel",
        "over-the-air": f"{_CHANNEL_MODELS}.over_the_air:OverTheAirChannel",
    },
    takes_objects=True,
)
"""Each is a `ChannelModelFactory` of `common.protocol.channel_model`."""
