"""The conditions under which a trained model is evaluated, as settings of a run.

Every way to evaluate, in one process or through a testbed, takes its settings from here, so that all give the same
numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_errors import complaints
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise
from splitwave.common.protocol.cross_link import check_cross_link

MAX_PSNR_VALUES = 1000

_ORIGINS = {
    "channel.psnr_db": "psnr_db of the evaluation",
    "channel.model": "channel of the evaluation",
    "fusion.down": "links_down of the evaluation",
    "seed": "noise_seeds of the evaluation",
}
"""The arguments of an evaluation that replace a setting."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The channel, the noise and the links of one evaluation.

    Attributes:
        psnr_db: of all links; None for the run's own.
        channel: names of channel models, in order; None for the run's own.
        links_down: links whose symbols the decoder sees as zeros.
        noise_number: 0 for the noise that the run's own test pass meets; n > 0 for that of the seed n higher.
    """

    psnr_db: float | None = None
    channel: tuple[str, ...] | None = None
    links_down: tuple[int, ...] = ()
    noise_number: int = 0

    def settings(self, trained: RunConfig) -> RunConfig:
        """Return a run's settings with the channel, the links and the seed of this condition.

        Raises:
            ConfigError: a value is out of range, the networks were not trained for it, the channel lacks noise,
                or links cannot meet in it.
        """
        tree = trained.model_dump(mode="json")
        if self.psnr_db is not None:
            tree["channel"]["psnr_db"] = self.psnr_db
        if self.channel is not None:
            tree["channel"]["model"] = list(self.channel)
        if self.links_down:
            tree["fusion"]["down"] = list(self.links_down)
        if self.noise_number and trained.data.draws:  # the devices' views are unchanged
            tree["data"]["seed"] = trained.seed if trained.data.seed is None else trained.data.seed
        tree["seed"] = (trained.seed + self.noise_number) % (1 << 64)
        try:
            settings = RunConfig.model_validate(tree)
        except ValidationError as error:
            raise ConfigError(complaints(error, _ORIGINS)) from None
        check_rate_noise(settings)
        check_cross_link(settings)
        return settings


def psnr_values(text: str) -> list[float]:
    """Read `10`, `0,5,10` or `-5:20:2.5`, whose end is included if a step reaches it.

    Values of a range are first + n·step, each rounded once, so that they do not depend on how many came before.

    Raises:
        ConfigError: the text has another form, or the range has no value or too many.
    """
    if ":" not in text:
        return [_number(part, text) for part in text.split(",")]
    parts = [_number(part, text) for part in text.split(":")]
    if len(parts) != 3:
        raise _wrong(text)
    first, last, step = parts
    steps = (last - first) / step if step else -1.0
    if not 0 <= steps < MAX_PSNR_VALUES:
        raise ConfigError(
            f"--psnr-db {text}: expected FIRST:LAST:STEP with a step that leads from the first value to the last, and "
            f"at most {MAX_PSNR_VALUES} values"
        )
    return [first + number * step for number in range(int(steps + 1e-9) + 1)]


def link_numbers(text: str, option: str) -> list[int]:
    """Read `0` or `0,2`, the links that an option names.

    Raises:
        ConfigError: a part is no link number.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ConfigError(f"{option} {text}: expected link numbers from 0, such as 0 or 0,2")
    return [int(part) for part in parts]


def ablations(links: int, down: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return the links that are down in each row of an ablation: without each link, and with each link alone.

    Args:
        links: K.
        down: links that are down anyhow.
    """
    up = [link for link in range(links) if link not in down]
    if len(up) < 2:
        return {}
    without = {f"without link {link}": (*down, link) for link in up}
    alone = {f"link {link} alone": tuple(other for other in range(links) if other != link) for link in up}
    return without | alone if len(up) > 2 else without


def _number(part: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise _wrong(text) from None


def _wrong(text: str) -> ConfigError:
    return ConfigError(f"--psnr-db {text}: expected decibels such as 10, a list such as 0,5,10 or a range -5:20:2.5")
