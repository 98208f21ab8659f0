"""The settings of a run as the live state of a link changes them."""

from typing import Any

from splitwave.common.config.channel_settings import ChannelModelChoice, TimingSettings
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.channel_model import channel_model
from splitwave.common.protocol.live_channel import ChannelValues

_GAIN, _ERASURES = "gain", "erasures"

TIMES = frozenset({"delay_ms", "jitter_ms", "rate_limit_bps"})
"""The values of when blocks leave; all others change the symbols."""


def overridden(config: RunConfig, link: int, values: ChannelValues) -> RunConfig:
    """The settings that make the channel of one link, with these values in place of those of the run.

    `gain_db` replaces that of a model `gain` of the link's chain; without one, such a model is put ahead of the first
    that only adds noise. `loss` likewise replaces that of `erasures`, or loses whole samples behind all other models.

    Raises:
        ConfigError: a model cannot be loaded.
    """
    channel = config.channel
    update: dict[str, Any] = {"timing": timing_of(channel.timing, values)}
    if values.psnr_db is not None:
        update |= {
            "psnr_db": values.psnr_db,
            "training_psnr_db": None,
            "training_psnr_draws": 1,
            "training_psnr_shared": False,
        }
    if values.gain_db is not None or values.loss is not None:
        update["model"] = list(_chain(config, link, values))
    return config.model_copy(update={"channel": channel.model_copy(update=update)})


def timing_of(timing: TimingSettings, values: ChannelValues) -> TimingSettings:
    """The timing of a link with these values in place of those of the run."""
    return timing.model_copy(update={name: value for name, value in values.given.items() if name in TIMES})


def _chain(config: RunConfig, link: int, values: ChannelValues) -> tuple[ChannelModelChoice, ...]:
    chain = config.channel.chain(link)
    if values.gain_db is not None:
        additive = [channel_model(choice, config, link).is_additive for choice in chain]
        place = additive.index(True) if True in additive else len(chain)
        chain = _with(chain, place, _GAIN, gain_db=values.gain_db)
    if values.loss is not None:
        chain = _with(chain, len(chain), _ERASURES, probability=values.loss)
    return chain


def _with(
    chain: tuple[ChannelModelChoice, ...], place: int, name: str, **options: float
) -> tuple[ChannelModelChoice, ...]:
    """The chain with these options of the model that has this name, or else with such a model at this place."""
    if any(choice.name == name for choice in chain):
        return tuple(
            ChannelModelChoice(name=name, **{**choice.options, **options}) if choice.name == name else choice
            for choice in chain
        )
    whole = {"unit": "sample"} if name == _ERASURES else {}
    return (*chain[:place], ChannelModelChoice(name=name, **options, **whole), *chain[place:])
