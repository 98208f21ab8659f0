"""The settings of the radio: channel models, receiver, digital modulation, downlink and timing."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.config.section import Section
from splitwave.common.config.setting_types import DecibelRange, Decibels, NonNegative, Positive
from splitwave.common.named_object import is_object_name


def noise_variance_at(psnr_db: float) -> float:
    """σ² = 10^(−PSNR/10) of a real symbol at this peak PSNR, from QML-IB's eq. (20) with P_max = 1."""
    return float(10.0 ** (-psnr_db / 10.0))


class ChannelModelChoice(Section):
    """A channel model by its name, with options: `{name: rician, k_db: 6}`."""

    model_config = ConfigDict(extra="allow")

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The options by name, as the model's factory takes them."""
        return dict(self.model_extra or {})


Written = str | ChannelModelChoice
Chain = Written | list[Written]
BITS_PER_SYMBOL = {"bpsk": 1, "qpsk": 2, "16-qam": 4}


def _normal(value: Chain) -> Chain:
    stages = value if isinstance(value, list) else [value]
    choices = [_choice(stage) for stage in stages]
    names = [choice.name for choice in choices]
    for name in names:
        CHANNEL_MODELS.check(name)
    if not names or len(set(names)) < len(names):
        raise ValueError("expected a name, or a list in which each is named once")
    short = [choice if choice.options else choice.name for choice in choices]
    return short[0] if len(short) == 1 else short


def check_channel_models(value: Chain | list[list[Written]]) -> Chain | list[list[Written]]:
    """Return `channel.model` in its shortest form, so that equal channels have equal settings.

    Raises:
        ValueError: a name is unknown, or occurs twice in a chain.
    """
    if isinstance(value, list) and value and all(isinstance(stage, list) for stage in value):
        chains = [_normal(chain) for chain in value]
        if all(chain == chains[0] for chain in chains):
            return chains[0]
        return [chain if isinstance(chain, list) else [chain] for chain in chains]
    return _normal(value)  # type: ignore[arg-type]


def _choice(written: Written) -> ChannelModelChoice:
    return ChannelModelChoice(name=written) if isinstance(written, str) else written


class ReceiverSettings(Section):
    """The base station's receiver of each link, behind all channel models: its channel state, and the use of it.

    `csi`: the channel state that it knows for each sample: `none`, `perfect` (gain and noise variance), or `estimated`
    from `pilots` symbols of amplitude 1 a sample, which meet the same gain and noise of their own. `equaliser`:
    `zero-forcing` divides by the gain, `mmse` weights by g / (g² + σ²). `inputs`: gain and noise variance of each link
    are inputs of the base station's network. See the explanation [The receiver](../explanation/receiver.md).
    """

    csi: Literal["none", "perfect", "estimated"] = "none"
    pilots: Annotated[int, Field(ge=1, le=1024)] = 4
    equaliser: Literal["none", "zero-forcing", "mmse"] = "none"
    inputs: bool = False

    @model_validator(mode="after")
    def _needs_csi(self) -> Self:
        if self.csi == "none" and (self.equaliser != "none" or self.inputs):
            used = f"equaliser = {self.equaliser}" if self.equaliser != "none" else "inputs = true"
            raise ValueError(f"{used} needs channel state: csi = perfect or estimated")
        if self.csi != "estimated" and self.pilots != type(self).model_fields["pilots"].default:
            raise ValueError(f"pilots = {self.pilots} does nothing without csi = estimated")
        return self

    @property
    def works(self) -> bool:
        """Whether the receiver does anything."""
        return self.equaliser != "none" or self.inputs

    @property
    def input_columns(self) -> int:
        """How many inputs of the base station's network a link has beside its symbols."""
        return 2 if self.inputs else 0

    @property
    def sent_pilots(self) -> int:
        """How many pilots are sent with each sample."""
        return self.pilots if self.csi == "estimated" else 0


class DigitalSettings(Section):
    """Level indices carried as bits; without a `modulation` the levels themselves are sent, as amplitudes.

    `modulation`: Gray-mapped as in 3GPP TS 38.211, with unit peak amplitude |s| ≤ 1. `code`: the outer code. Training
    blocks with soft symbols stay amplitudes. See the explanation [Digital mode](../explanation/digital-mode.md).
    """

    modulation: Literal["bpsk", "qpsk", "16-qam"] | None = None
    code: Literal["none", "hamming-7-4"] = "none"

    @model_validator(mode="after")
    def _code_has_bits(self) -> Self:
        if self.modulation is None and self.code != "none":
            raise ValueError(f"code = {self.code} does nothing without a modulation")
        return self

    @property
    def carries_pairs(self) -> bool:
        """Whether a symbol on air is two reals, I and Q; one of BPSK, and an amplitude without a modulation, is one."""
        return self.modulation in ("qpsk", "16-qam")

    def coded_bits(self, bits: int) -> int:
        """How many bits the outer code makes of `bits`; `hamming-7-4` fills the last four up with zeros."""
        return -(-bits // 4) * 7 if self.code == "hamming-7-4" else bits

    def symbols(self, bits: int) -> int:
        """How many symbols of the modulation carry `bits` bits of one sample; the last one is filled up with zeros."""
        return -(-self.coded_bits(bits) // BITS_PER_SYMBOL[self.modulation]) if self.modulation else 0


class DownlinkSettings(Section):
    """Disturbances of the gradients on their way to the devices; by default there are none.

    `bits`: each value is rounded to one of 2^bits levels in equal steps from −m to m, the largest |g| of the block; up
    or down at random, so that the mean is the value. `psnr_db`: white Gaussian noise of variance σ² behind that, with
    the peak PSNR m²/σ².
    """

    psnr_db: Decibels | None = None
    bits: Annotated[int, Field(ge=1, le=16)] | None = None

    @property
    def is_ideal(self) -> bool:
        """Whether gradients arrive as they were sent."""
        return self.psnr_db is None and self.bits is None


class TimingSettings(Section):
    """When the emulator lets a block go on; it changes no result. Off by default.

    `delay_ms` and `jitter_ms`: every block waits for the first, and for a keyed uniform draw from [0, the second].
    `rate_limit_bps`: information bits a second of a link. `airtime`: a block occupies its link for its symbols over
    `channel.baud`. `medium`: links send at the same time, or (`tdma`) one after another. `time_scale`: seconds of real
    time for a second of these, 1 for real time. See the guide [Emulate time](../how-to/timing.md).
    """

    delay_ms: NonNegative = 0.0
    jitter_ms: NonNegative = 0.0
    rate_limit_bps: Positive | None = None
    airtime: bool = False
    medium: Literal["parallel", "tdma"] = "parallel"
    time_scale: Positive = 1.0

    @model_validator(mode="after")
    def _has_an_effect(self) -> Self:
        if self.medium == "tdma" and not self.airtime and self.rate_limit_bps is None:
            raise ValueError("medium = tdma does nothing without airtime or rate_limit_bps: no block takes any time")
        if self.time_scale != 1.0 and not self.holds_blocks:
            raise ValueError(
                f"time_scale = {self.time_scale} does nothing without delay_ms, jitter_ms, rate_limit_bps or airtime"
            )
        return self

    @property
    def holds_blocks(self) -> bool:
        """Whether a block may have to wait."""
        return bool(self.delay_ms or self.jitter_ms or self.rate_limit_bps or self.airtime)


class ChannelSettings(Section):
    """The radio. `model`: the channel model, or a list of models that symbols pass in this order.

    A model with options is written `{name: rician, k_db: 6}`. A list of such lists has one a link. A model of your own
    is named `module:factory`; see the guide [Add a channel model](../how-to/channel-model.md).

    `psnr_db`: the peak PSNR P_max/σ² in decibels (QML-IB eq. (20)), P_max = 1, σ² the noise variance of a real symbol;
    one value for every link, or a list with one a link. See the explanation
    [Signal-to-noise ratios](../explanation/snr.md) for average SNR, Es/N0 and Eb/N0.

    `training_psnr_db`: [low, high], from which every training step draws the peak PSNR of each link, uniform in
    decibels; `psnr_db` is then that of validation, test and serving alone. `training_psnr_draws`: how many a step, each
    for an equal share of a block. `training_psnr_shared`: the same for all links, as where they are equally strong.
    `baud`: symbols a second on each link (links are parallel unless `timing.medium` says otherwise), for the airtime.

    `receiver`, `digital`, `downlink`, `timing`: see below.
    """

    model: Annotated[
        Written | list[Written] | list[list[Written]],
        Field(union_mode="left_to_right"),
        AfterValidator(check_channel_models),
    ] = AWGN
    psnr_db: Decibels | list[Decibels] = 10.0
    training_psnr_db: DecibelRange | None = None
    training_psnr_draws: Annotated[int, Field(ge=1, le=256)] = 1
    training_psnr_shared: bool = False
    baud: Positive = 9600.0
    receiver: ReceiverSettings = ReceiverSettings()
    digital: DigitalSettings = DigitalSettings()
    downlink: DownlinkSettings = DownlinkSettings()
    timing: TimingSettings = TimingSettings()

    @property
    def chains(self) -> tuple[tuple[ChannelModelChoice, ...], ...]:
        """One chain for all links, or one a link: models in the order in which symbols pass them."""
        if not isinstance(self.model, list):
            return ((_choice(self.model),),)
        chains = [stage for stage in self.model if isinstance(stage, list)]
        if chains:
            return tuple(tuple(map(_choice, chain)) for chain in chains)
        return (tuple(_choice(stage) for stage in self.model if not isinstance(stage, list)),)

    def chain(self, link: int) -> tuple[ChannelModelChoice, ...]:
        """The models of one link."""
        chains = self.chains
        return chains[link] if len(chains) > 1 else chains[0]

    @property
    def names(self) -> str:
        """The names of all models, for messages."""
        return " | ".join(", ".join(choice.name for choice in chain) for chain in self.chains)

    @property
    def named_models(self) -> dict[str, str]:
        """By setting, the models of the user, as `module:factory`."""
        return {where: choice.name for where, choice in self._places() if is_object_name(choice.name)}

    def _places(self) -> Iterable[tuple[str, ChannelModelChoice]]:
        chains = self.chains
        for link, chain in enumerate(chains):
            for place, choice in enumerate(chain):
                of_link = f"[{link}]" if len(chains) > 1 else ""
                of_place = f"[{place}]" if len(chains) > 1 or len(chain) > 1 else ""
                yield f"channel.model{of_link}{of_place}", choice
