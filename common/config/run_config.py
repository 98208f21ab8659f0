"""The settings of a run: frozen models that refuse unknown keys.

How files, environment and command line are merged into one of these is `common.config.layers`' business.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from splitwave.common.data.catalog import DataSetName, image_shape, task
from splitwave.common.data.dataset import ImageShape
from splitwave.common.data.views import view_shape
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_BREAKPOINTS, MAX_DIMENSION, MAX_LINKS, MAX_MESSAGE_BYTES
from splitwave.common.tasks.task import Task


def _ascending(values: list[float]) -> list[float]:
    if values != sorted(values):
        raise ValueError("expected [low, high] with low ≤ high")
    return values


Backbone = Literal["linear", "tanh", "mlp", "vib", "tones", "csi", "conv"]
TorchDevice = Literal["cpu", "cuda"]
Decibels = Annotated[float, Field(ge=-100, le=150, allow_inf_nan=False)]
DecibelRange = Annotated[list[Decibels], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
BetaRange = Annotated[list[Positive], Field(min_length=2, max_length=2), AfterValidator(_ascending)]

_BETA_OPTIONS = ("sampling", "draws", "balance")
_RANGE_OPTIONS = ("training_psnr_draws", "training_psnr_shared")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DataSettings(_Section):
    """Which images, how the devices share them, and how many training samples are held out for validation.

    Each of K devices sees equally many adjacent rows; where K does not divide an image's rows, neighbours overlap.
    `overlap`: the share of a view that the next device sees too, QML-IB Fig. 4.
    """

    name: DataSetName = "mnist5k"
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validation: Annotated[int, Field(ge=0)] = 0


class EncoderSettings(_Section):
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


class QuantizerSettings(_Section):
    """The trainable quantizer, QML-IB eqs. (8)–(12); `breakpoints: 0` sends unquantized features.

    `gamma_final` anneals the slope geometrically from `gamma` to this value over the epochs.
    """

    breakpoints: Annotated[int, Field(ge=0, le=MAX_BREAKPOINTS)] = 15
    forward: Literal["soft", "straight-through"] = "soft"
    gamma: Positive = 10.0
    gamma_final: Positive | None = None


class ObjectiveSettings(_Section):
    """The information-bottleneck objective, QML-IB eqs. (7), (14), (18).

    `beta`: one value for every link, or a list with one a link. `bound`: upper bound on the rate, or `quadrature`, the
    rate itself; without a quantizer (`breakpoints: 0`) the rate is exact and the bound ignored. `draws`: L, the
    channel-noise draws a transmission.
    """

    beta: NonNegative | list[NonNegative] = 1e-3
    bound: Literal["tight", "paper", "prior", "quadrature"] = "tight"
    draws: Annotated[int, Field(ge=1, le=64)] = 1


class HypernetworkSettings(_Section):
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


class ChannelSettings(_Section):
    """The radio. `psnr_db` (QML-IB eq. (20), P_max = 1): one value for every link, or a list with one a link.

    `training_psnr_db`: [low, high], from which every training step draws the PSNR of each link, uniform in decibels;
    `psnr_db` is then that of validation, test and serving alone. `training_psnr_draws`: how many a step, each for an
    equal share of a block. `training_psnr_shared`: the same for all links, as where they are equally strong.
    `baud`: symbols a second on each link (links are parallel), for the modelled airtime.
    """

    model: Literal["awgn"] = "awgn"
    psnr_db: Decibels | list[Decibels] = 10.0
    training_psnr_db: DecibelRange | None = None
    training_psnr_draws: Annotated[int, Field(ge=1, le=256)] = 1
    training_psnr_shared: bool = False
    baud: Positive = 9600.0


class TrainingSettings(_Section):
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


class InferenceSettings(_Section):
    """Blocks of `block_size` samples; `latency_samples` single samples are timed one by one."""

    block_size: Annotated[int, Field(ge=1, le=65_536)] = 256
    latency_samples: Annotated[int, Field(ge=1, le=1_000_000)] = 200


class RuntimeSettings(_Section):
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


def noise_variance_at(psnr_db: float) -> float:
    """σ² = 10^(−PSNR/10), from eq. (20) with P_max = 1."""
    return float(10.0 ** (-psnr_db / 10.0))


def _check_defaults(section: _Section, path: str, names: Sequence[str], needed: str) -> None:
    """Refuse a setting that was given a value and does nothing."""
    for name in names:
        value = getattr(section, name)
        if value != type(section).model_fields[name].default:
            raise ValueError(f"{path}.{name} = {value} does nothing without {needed}")


class RunConfig(_Section):
    """Everything that decides a run's result. Where the data lie is not part of it: each party has its own copy."""

    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    links: Annotated[int, Field(ge=1, le=MAX_LINKS)] = 2
    data: DataSettings = DataSettings()
    encoder: EncoderSettings = EncoderSettings()
    quantizer: QuantizerSettings = QuantizerSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    hypernetwork: HypernetworkSettings = HypernetworkSettings()
    channel: ChannelSettings = ChannelSettings()
    training: TrainingSettings = TrainingSettings()
    inference: InferenceSettings = InferenceSettings()
    runtime: RuntimeSettings = RuntimeSettings()

    @model_validator(mode="after")
    def _one_value_a_link(self) -> Self:
        for path, value in (
            ("objective.beta", self.objective.beta),
            ("channel.psnr_db", self.channel.psnr_db),
        ):
            if isinstance(value, list) and len(value) != self.links:
                raise ValueError(
                    f"{path} = {value} has {len(value)} values for {self.links} links: give one, or one a link"
                )
        return self

    @model_validator(mode="after")
    def _conditions_can_be_inputs(self) -> Self:
        hyper = self.hypernetwork
        if self.conditions and self.encoder.backbone == "conv":
            raise ValueError(
                "hypernetwork: the backbone conv has no hyper-layers; use linear, tanh, mlp, vib, tones or csi"
            )
        if hyper.psnr and self.channel.training_psnr_db is None:
            raise ValueError("hypernetwork.psnr: channel.training_psnr_db says nothing of the range to train over")
        told = [("objective.beta", self.objective.beta, "hypernetwork.beta", hyper.beta)]
        if hyper.psnr:
            told.append(
                ("channel.psnr_db", self.channel.psnr_db, "channel.training_psnr_db", self.channel.training_psnr_db)
            )
        for path, value, range_path, bounds in told:
            values = value if isinstance(value, list) else [value]
            if bounds is not None and not bounds[0] <= min(values) <= max(values) <= bounds[1]:
                raise ValueError(f"{path} = {value} is an input of the networks, trained on {range_path} = {bounds}")
        return self

    @model_validator(mode="after")
    def _nothing_is_set_in_vain(self) -> Self:
        hyper, channel = self.hypernetwork, self.channel
        if hyper.beta is None:
            _check_defaults(hyper, "hypernetwork", _BETA_OPTIONS, "hypernetwork.beta")
        if not self.conditions:
            _check_defaults(hyper, "hypernetwork", ("gate_learning_rate",), "hypernetwork.beta")
        if self.conditions:
            needed = "plain networks: those that are told conditions take a block as a whole"
            _check_defaults(self.runtime, "runtime", ("decoder_shards",), needed)
        if channel.training_psnr_db is None:
            _check_defaults(channel, "channel", _RANGE_OPTIONS, "channel.training_psnr_db")
        return self

    @model_validator(mode="after")
    def _blocks_fit_a_message(self) -> Self:
        training, draws = self.training, self.objective.draws
        framing_bytes, id_bytes, symbol_bytes = 4096, 4, 4 * self.encoder.dimension
        part = math.ceil(training.batch_size / training.micro_batches)
        if part * (draws * symbol_bytes + id_bytes) + framing_bytes > MAX_MESSAGE_BYTES:
            raise ValueError(
                f"objective.draws = {draws} noisy copies of training.batch_size = {training.batch_size} "
                f"samples in training.micro_batches = {training.micro_batches} parts exceed the "
                f"{MAX_MESSAGE_BYTES >> 20} MiB of a message: use more micro-batches"
            )
        hop_row_bytes = 6 * 8 * self.links  # all links' times of one query travel in the run's result
        queries = (MAX_MESSAGE_BYTES - framing_bytes) // hop_row_bytes
        if self.inference.latency_samples > queries:
            raise ValueError(
                f"inference.latency_samples = {self.inference.latency_samples}: with {self.links} links the times of "
                f"at most {queries} samples fit a message"
            )
        limit = (MAX_MESSAGE_BYTES - framing_bytes) // (symbol_bytes + id_bytes)
        if self.inference.block_size > limit:
            raise ValueError(
                f"inference.block_size = {self.inference.block_size}: at most {limit} samples fit a message"
            )
        return self

    @property
    def conditions(self) -> int:
        """How many values of each link are inputs of the networks; 0 for plain ones."""
        return (self.hypernetwork.beta is not None) + self.hypernetwork.psnr

    def beta(self, link: int) -> float:
        """β_k of eq. (7)."""
        beta = self.objective.beta
        return beta[link] if isinstance(beta, list) else beta

    def noise_variance(self, link: int) -> float:
        """σ_k² at `channel.psnr_db`; a training block's is `common.protocol.link_noise`'s business."""
        psnr_db = self.channel.psnr_db
        return noise_variance_at(psnr_db[link] if isinstance(psnr_db, list) else psnr_db)

    @property
    def task(self) -> Task:
        """What the base station is to answer."""
        return task(self.data.name)

    @property
    def view_shape(self) -> ImageShape:
        """(C, h, W) of what a device sees of an image."""
        return view_shape(image_shape(self.data.name), self.links, self.data.overlap)

    @property
    def bits_per_symbol(self) -> int:
        """ceil(log2(T+1)); 32 for unquantized float32 features."""
        return self.quantizer.breakpoints.bit_length() if self.quantizer.breakpoints else 32

    @property
    def payload_bits_per_sample(self) -> int:
        """Bits of one sample on one link, without padding or framing."""
        return self.encoder.dimension * self.bits_per_symbol

    @property
    def airtime_s(self) -> float:
        """Seconds that one sample's d symbols occupy a link: d / baud."""
        return self.encoder.dimension / self.channel.baud

    @classmethod
    def from_handshake(cls, settings_json: str) -> Self:
        """The settings that a base station sent.

        Raises:
            ProtocolError: this version does not understand them.
        """
        try:
            return cls.model_validate_json(settings_json)
        except ValidationError as error:
            raise ProtocolError(
                f"the base station's settings are not understood here: {error}", Refusal.FAILED_PRECONDITION
            ) from None

    def canonical_json(self) -> str:
        """One line that is equal for equal settings: what the handshake sends and `config_hash` covers."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @property
    def config_hash(self) -> str:
        """SHA-256 (hex) of the canonical JSON."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()
