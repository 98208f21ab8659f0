"""The sections of a run's settings: frozen models that refuse unknown keys, with the checks within a section."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.data.catalog import DataSetName
from splitwave.common.limits import MAX_BREAKPOINTS, MAX_DIMENSION


def _ascending(values: list[float]) -> list[float]:
    if values != sorted(values):
        raise ValueError("expected [low, high] with low ≤ high")
    return values


def _channel_models(value: str | list[str]) -> str | list[str]:
    names = [value] if isinstance(value, str) else value
    for name in names:
        CHANNEL_MODELS.check(name)
    if not names or len(set(names)) < len(names):
        raise ValueError("expected a name, or a list in which each is named once")
    return names[0] if len(names) == 1 else names


Backbone = Literal["linear", "tanh", "mlp", "vib", "tones", "csi", "conv"]
TorchDevice = Literal["cpu", "cuda"]
Decibels = Annotated[float, Field(ge=-100, le=150, allow_inf_nan=False)]
DecibelRange = Annotated[list[Decibels], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
BetaRange = Annotated[list[Positive], Field(min_length=2, max_length=2), AfterValidator(_ascending)]


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DataSettings(Section):
    """Which images, how the devices share them, and how many training samples are held out for validation.

    Each of K devices sees equally many adjacent rows; where K does not divide an image's rows, neighbours overlap.
    `overlap`: the share of a view that the next device sees too, QML-IB Fig. 4.
    """

    name: DataSetName = "mnist5k"
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validation: Annotated[int, Field(ge=0)] = 0


class EncoderSettings(Section):
    """The device's network, and d = `dimension`, the symbols of a sample.

    `backbone`: what lies before the heads. `linear`: nothing, QML-IB's Table I. `tanh`: one hidden layer of 64, as a
    VDDIB-SR device has it behind a linear extractor. `mlp`: two hidden layers of 256, the extractor of VDDIB-SR's
    authors. `vib`: Hyper-VIB's two hidden layers of 160 and 192 and one head for symbols of unit power; the base
    station's network is then its hidden layer of 256. `tones` and `csi`: of the sizes of Hyper-VIB's networks for
    Bluetooth and WiFi, with heads as `vib`; `tones` has two hidden layers, `csi` two convolutions before two hidden
    layers, and the base station one. `conv`: QML-IB's Table II, and then the base station's network is, too;
    `width` scales the hidden channels of both.
    """

    backbone: Backbone = "linear"
    width: Annotated[float, Field(gt=0, le=4, allow_inf_nan=False)] = 1.0
    dimension: Annotated[int, Field(ge=1, le=MAX_DIMENSION)] = 28

    @model_validator(mode="after")
    def _only_convolutions_have_a_width(self) -> Self:
        if self.width != 1 and self.backbone != "conv":
            raise ValueError(f"width = {self.width} is of the backbone conv alone, and this one is {self.backbone}")
        return self


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

    `beta`: one value for every link, or a list with one a link. `bound`: upper bound on the rate, or `quadrature`, the
    rate itself; without a quantizer (`breakpoints: 0`) the rate is exact and the bound ignored. `draws`: L, the
    channel-noise draws a transmission.
    """

    beta: NonNegative | list[NonNegative] = 1e-3
    bound: Literal["tight", "paper", "prior", "quadrature"] = "tight"
    draws: Annotated[int, Field(ge=1, le=64)] = 1


class HypernetworkSettings(Section):
    """Which of the run's settings are inputs of its networks, so that one training covers their range [Hyper-VIB].

    `beta`: [low, high] that every training step draws β_k from, for each link; `objective.beta` is then that of
    validation, test and serving alone. `sampling`: how it is spread over the range; the paper's `uniform` hardly ever
    draws a small β. `draws`: T_β, the values a step, each for an equal share of the batch. `balance`: how far large β
    are kept from deciding the weights that all share, 0 not at all. `gate_learning_rate`: that of the gates, over that
    of all other weights. `psnr`: the noise variance is an input, too, with `channel.training_psnr_db`.
    """

    beta: BetaRange | None = None
    sampling: Literal["log-uniform", "uniform"] = "log-uniform"
    draws: Annotated[int, Field(ge=1, le=256)] = 8
    balance: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.15
    gate_learning_rate: Positive = 1.0
    psnr: bool = False


class ChannelSettings(Section):
    """The radio. `model`: the channel model, or a list of models that symbols pass in this order.

    `psnr_db` (QML-IB eq. (20), P_max = 1): one value for every link, or a list with one a link.

    `training_psnr_db`: [low, high], from which every training step draws the PSNR of each link, uniform in decibels;
    `psnr_db` is then that of validation, test and serving alone. `training_psnr_draws`: how many a step, each for an
    equal share of a block. `training_psnr_shared`: the same for all links, as where they are equally strong.
    `baud`: symbols a second on each link (links are parallel), for the modelled airtime.
    """

    model: Annotated[str | list[str], AfterValidator(_channel_models)] = AWGN
    psnr_db: Decibels | list[Decibels] = 10.0
    training_psnr_db: DecibelRange | None = None
    training_psnr_draws: Annotated[int, Field(ge=1, le=256)] = 1
    training_psnr_shared: bool = False
    baud: Positive = 9600.0

    @property
    def models(self) -> tuple[str, ...]:
        """The names in `model`, in order."""
        return (self.model,) if isinstance(self.model, str) else tuple(self.model)


class TrainingSettings(Section):
    """How the parties are trained, each with an Adam of its own.

    The learning rate falls from `learning_rate` to `learning_rate_final` along a half cosine over all steps.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 15
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 64
    micro_batches: Annotated[int, Field(ge=1, le=64)] = 1
    learning_rate: Positive = 4e-3
    learning_rate_final: Positive = 1e-5

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
    """What does not belong to the science but decides the last bit (threads, shards) or the memory (`credits`).

    `torch_threads`: of each party. `decoder_shards`: into how many parts the base station cuts a training block, to
    work on all of them at a time, each with that many threads: its decoder is the largest network, and works while the
    devices wait for it. So many blocks of a pass are decoded at a time, too, which changes no bit of the answers.

    `torch_device`: where the networks compute; all else stays on the CPU, and bitwise equality of two runs is promised
    there alone. `bf16`: training steps take backbone and decoder under autocast to bfloat16; weights, heads, all else,
    and every pass over held-out or test samples stay float32.
    `credits`: blocks a link may have unanswered at the base station.
    """

    torch_device: TorchDevice = "cpu"
    bf16: bool = False
    torch_threads: Annotated[int, Field(ge=1, le=256)] = 1
    decoder_shards: Annotated[int, Field(ge=1, le=64)] = 1
    credits: Annotated[int, Field(ge=1, le=256)] = 8
