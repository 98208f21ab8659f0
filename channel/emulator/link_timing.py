"""When a block may leave the emulator: airtime, rate limit, delay and jitter of a link, and the medium it sends on."""

from dataclasses import dataclass

from splitwave.channel.control.overrides import timing_of
from splitwave.common.config.channel_settings import TimingSettings
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.live_channel import NO_VALUES, ChannelValues
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sent_part import SentPart, sent_part
from splitwave.common.randomness import Purpose, generator

_NS = 1e9
_LONGEST_S = 366 * 86_400.0
"""No wait is longer, whatever the settings say, so that all times fit their types."""


class Medium:
    """A band that transmissions occupy one after another: a link's own, or with TDMA that of all links."""

    def __init__(self) -> None:
        self._until_ns: dict[object, int] = {}

    def occupy(self, sender: object, from_ns: int, duration_ns: int) -> int:
        """The time at which a sender's transmission ends that begins as soon as it is due and the medium is free."""
        self._until_ns[sender] = max(from_ns, *self._until_ns.values(), 0) + duration_ns
        return self._until_ns[sender]

    def release(self, sender: object) -> None:
        """Forget the transmissions of a sender, which have become void; those of others stay where they are."""
        self._until_ns.pop(sender, None)


@dataclass(frozen=True, slots=True)
class LinkDelays:
    """The delay, jitter and rate limit of a link, which may be changed while blocks flow.

    Attributes:
        delay_ms: that each block waits once it was transmitted, ≥ 0.
        jitter_ms: the largest further wait, ≥ 0, from which each block's is drawn uniformly.
        rate_limit_bps: information bits a second, > 0, or None.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    rate_limit_bps: float | None = None

    @classmethod
    def of(cls, timing: TimingSettings) -> "LinkDelays":
        """Those of the settings."""
        return cls(timing.delay_ms, timing.jitter_ms, timing.rate_limit_bps)


class LinkTiming:
    """The times of one link's blocks.

    A block of B samples occupies the medium for its airtime (B · `RunConfig.airtime_s`) or, if that is longer, for its
    information bits over the rate limit. It leaves at the end of this, plus delay, plus jitter; a link's blocks never
    overtake each other, because a port sends its messages in order. All durations are times `timing.time_scale`.
    """

    def __init__(self, config: RunConfig, link: int, medium: Medium | None = None) -> None:
        """Args: the run's settings; the link's index; what it sends on, by default a band of its own."""
        self._config = config
        self._link = link
        self._medium = Medium() if medium is None else medium
        self._values, self._delays = NO_VALUES, LinkDelays.of(config.channel.timing)

    @property
    def holds_blocks(self) -> bool:
        """Whether a block may have to wait."""
        return self._config.channel.timing.airtime or self._delays != LinkDelays()

    def use(self, values: ChannelValues) -> None:
        """Time later blocks by these values, where they replace those of the settings; waiting blocks keep theirs."""
        if values != self._values:
            self._values, self._delays = values, LinkDelays.of(timing_of(self._config.channel.timing, values))

    def release_ns(self, key: BlockKey, samples: int, now_ns: int, part: SentPart | None = None) -> int:
        """The time at which a block may leave, in nanoseconds of the clock of `now_ns`.

        Args:
            key: of the block; its jitter depends on it, and not on the block's order.
            samples: B.
            now_ns: when the block is ready to be transmitted.
            part: the symbols and bits of an adapted link's block; by default as the settings say.
        """
        sent_ns = self._medium.occupy(self, now_ns, self._scaled_ns(self._occupancy_s(samples, part)))
        return sent_ns + self._scaled_ns((self._delays.delay_ms + self._jitter_ms(key)) / 1e3)

    def release_medium(self) -> None:
        """Give up the airtime of blocks that wait: they have become void."""
        self._medium.release(self)

    def part_of(self, block: SymbolBlock) -> SentPart | None:
        """Bits and symbols of a block of an adapted link; None of other blocks."""
        adapted = self._config.adaptation.is_on and block.key.phase is Phase.SERVE
        return sent_part(self._config, block) if adapted else None

    def _occupancy_s(self, samples: int, part: SentPart | None) -> float:
        config, channel = self._config, self._config.channel
        symbols, bits = config.symbols_per_sample, config.payload_bits_per_sample
        if part is not None:
            symbols, bits = part.symbols, part.bits
        airtime_s = samples * (symbols + channel.receiver.sent_pilots) / channel.baud if channel.timing.airtime else 0.0
        if self._delays.rate_limit_bps is None:
            return airtime_s
        return max(airtime_s, samples * bits / self._delays.rate_limit_bps)

    def _jitter_ms(self, key: BlockKey) -> float:
        if not self._delays.jitter_ms:
            return 0.0
        rng = generator(
            self._config.seed,
            Purpose.JITTER,
            link=self._link,
            phase=key.phase,
            step=key.step,
            micro_batch=key.micro_batch,
        )
        return self._delays.jitter_ms * float(rng.random())

    def _scaled_ns(self, seconds: float) -> int:
        return round(min(seconds * self._config.channel.timing.time_scale, _LONGEST_S) * _NS)
