"""The sections of a run's settings: frozen models that refuse unknown keys, with the checks within a section."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from splitwave.common.config.backbone_checks import check_width
from splitwave.common.config.registry import BUILT_IN_BACKBONES, FUSION_POLICIES
from splitwave.common.config.section import Section
from splitwave.common.config.setting_types import (
    BackboneName,
    BetaRange,
    BoundName,
    NonNegative,
    ObjectName,
    Positive,
    TorchDevice,
)
from splitwave.common.limits import MAX_BREAKPOINTS, MAX_DIMENSION, MAX_LINKS
from splitwave.common.wire_dtype import WireDtype


class GeneralSettings(Section):
    """The seed of every random draw, and K, the number of devices."""

    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    links: Annotated[int, Field(ge=1, le=MAX_LINKS)] = 2


class EncoderSettings(Section):
    """The networks of devices and base station, and d = `dimension`, the symbols of a sample.

    `backbone`: the device's layers before the heads, and the base station's network that goes with them. `linear`: no
    layer before the heads, QML-IB's Table I. `tanh`: one hidden layer of 64, as a VDDIB-SR device has it behind a
    linear extractor. `mlp`: two hidden layers of 256, the extractor of VDDIB-SR's authors. `vib`: Hyper-VIB's two
    hidden layers of 160 and 192 and one head for symbols of unit power; the base station's network is then its hidden
    layer of 256. `tones` and `csi`: of the sizes of Hyper-VIB's networks for Bluetooth and WiFi, with heads as `vib`;
    `tones` has two hidden layers, `csi` two convolutions before two hidden layers, and the base station one. `conv`:
    QML-IB's Table II for both sides; `width` scales the hidden channels of both.

    `network`: a factory of your own, `module:factory`, of the device's layers before the heads, in place of the
    backbone's; see the guide [Use a network of your own](../how-to/network.md).
    """

    backbone: BackboneName = "linear"
    width: Annotated[float, Field(gt=0, le=4, allow_inf_nan=False)] = 1.0
    dimension: Annotated[int, Field(ge=1, le=MAX_DIMENSION)] = 28
    network: ObjectName | None = None

    @model_validator(mode="after")
    def _width_scales_something(self) -> Self:
        check_width(self.backbone, BUILT_IN_BACKBONES.get(self.backbone), self.width)
        return self


class DecoderSettings(Section):
    """The network of the base station.

    `network`: a factory of your own, `module:factory`, in place of the decoder of `encoder.backbone`.
    """

    network: ObjectName | None = None


class QuantizerSettings(Section):
    """The trainable quantizer, QML-IB eqs. (8)–(12); `breakpoints: 0` sends unquantized features.

    `gamma_final` anneals the slope geometrically from `gamma` to this value over the epochs.
    """

    breakpoints: Annotated[int, Field(ge=0, le=MAX_BREAKPOINTS)] = 15
    forward: Literal["soft", "straight-through"] = "soft"
    gamma: Positive = 10.0
    gamma_final: Positive | None = None


class ObjectiveSettings(Section):
    """The information-bottleneck objective, QML-IB eqs. (7), (14), (18).

    `beta`: one value for every link, or a list with one value per link. `bound`: the upper bound on the rate, or
    `quadrature`, the rate itself; without a quantizer (`breakpoints: 0`) the rate is exact and the bound ignored.
    `draws`: L, the number of channel-noise draws per transmission.
    """

    beta: NonNegative | list[NonNegative] = 1e-3
    bound: BoundName = "tight"
    draws: Annotated[int, Field(ge=1, le=64)] = 1


class HypernetworkSettings(Section):
    """The settings that are inputs of the networks, so that one training covers their range [Hyper-VIB].

    `beta`: [low, high], from which every training step draws β_k for each link; `objective.beta` then holds for
    validation, test and serving alone. `sampling`: how the draws are spread over the range; the paper's `uniform`
    hardly ever draws a small β. `draws`: T_β, the number of values per step, each for an equal share of the batch.
    `balance`: how far the losses at large β are weighted down, so that they do not decide the weights that all β
    share; 0 for not at all. `gate_learning_rate`: the learning rate of the gates over that of all other weights.
    `psnr`: the noise variance is an input, too, with `channel.training_psnr_db`.
    """

    beta: BetaRange | None = None
    sampling: Literal["log-uniform", "uniform"] = "log-uniform"
    draws: Annotated[int, Field(ge=1, le=256)] = 8
    balance: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.15
    gate_learning_rate: Positive = 1.0
    psnr: bool = False


class FusionSettings(Section):
    """When the base station decodes a block.

    `policy`: which links it waits for. `all`: every one. `deadline`: every one, but at most `deadline_ms` milliseconds
    after the first. `quorum`: as many as the setting `quorum` says, from 1 to `links`. The last two are for passes and
    serving; training waits for all links. Other packages may add policies. The decoder sees zeros for the symbols of
    links that a block goes without; such answers need not be equal from run to run. `down`: links whose symbols the
    decoder always sees as zeros, as if they were lost; their devices take part in the run. See the guide
    [Do without some links](../how-to/missing-links.md).
    """

    policy: Annotated[str, AfterValidator(FUSION_POLICIES.check)] = "all"
    deadline_ms: Positive | None = None
    quorum: Annotated[int, Field(ge=1)] | None = None
    down: list[Annotated[int, Field(ge=0)]] = Field(default=[])

    @model_validator(mode="after")
    def _options_have_their_policy(self) -> Self:
        for policy, option, value in (("deadline", "deadline_ms", self.deadline_ms), ("quorum", "quorum", self.quorum)):
            if value is not None and self.policy != policy:
                raise ValueError(f"{option} = {value} does nothing without policy = {policy}")
            if value is None and self.policy == policy:
                raise ValueError(f"policy = {policy} needs a value of {option}")
        return self


class TrainingSettings(Section):
    """The training: each party takes steps of its own Adam.

    The learning rate falls from `learning_rate` to `learning_rate_final` along a half cosine over all steps.

    `link_dropout`: the probability with which a link's symbols of a micro-batch are erased: the decoder sees zeros, as
    for a link that is missing later. At least one link stays; see the guide
    [Do without some links](../how-to/missing-links.md#train-for-missing-links).
    """

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 15
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 64
    micro_batches: Annotated[int, Field(ge=1, le=64)] = 1
    learning_rate: Positive = 4e-3
    learning_rate_final: Positive = 1e-5
    link_dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _micro_batches_fit(self) -> Self:
        if self.micro_batches > self.batch_size:
            raise ValueError(f"micro_batches = {self.micro_batches} exceeds batch_size = {self.batch_size}")
        return self


class InferenceSettings(Section):
    """Blocks of `block_size` samples; `latency_samples` single samples are timed one by one."""

    block_size: Annotated[int, Field(ge=1, le=65_536)] = 256
    latency_samples: Annotated[int, Field(ge=1, le=1_000_000)] = 200


class RuntimeSettings(Section):
    """Settings outside the science that decide the last bit (threads, shards) or the memory (`credits`).

    `torch_threads`: the number of threads of each party. `decoder_shards`: the number of parts into which the base
    station cuts a training block, to work on all of them at a time, each with `torch_threads` threads: its decoder is
    the largest network, and works while the devices wait for it. As many blocks of a pass are decoded at a time, too,
    which changes no bit of the answers.

    `torch_device`: where the networks compute; all else stays on the CPU, and bitwise equality of two runs is promised
    there alone. `bf16`: training steps take backbone and decoder under autocast to bfloat16; weights, heads, all else,
    and every pass over held-out or test samples stay float32.
    `credits`: the number of blocks that a link may have unanswered at the base station.
    `wire_dtype`: of real symbols and gradients between processes. `bfloat16` rounds them to eight bits of precision and
    halves their bytes; level indices and answers are unchanged. See the guide
    [Send fewer bytes](../how-to/fewer-bytes.md).
    """

    torch_device: TorchDevice = "cpu"
    bf16: bool = False
    wire_dtype: WireDtype = "float32"
    torch_threads: Annotated[int, Field(ge=1, le=256)] = 1
    decoder_shards: Annotated[int, Field(ge=1, le=64)] = 1
    credits: Annotated[int, Field(ge=1, le=256)] = 8
