"""A mixture of gains: each sample meets that of one of several models, ẑ = g_m·z̃ with m uniform."""

from collections.abc import Sequence

import numpy as np

from splitwave.channel.draws.keyed_numbers import KeyedNumbers
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.channel_settings import ChannelModelChoice
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.channel_model import LoadedModel, channel_model
from splitwave.common.protocol.sample_positions import SamplePositions
from splitwave.common.randomness import Purpose


class MixtureChannel(SampleGain):
    """For training one network for several kinds of link; which model a sample meets is keyed by its place in time."""

    def __init__(self, config: RunConfig, link: int, *, of: Sequence[object]) -> None:
        """Args: settings, link, and `of`: two or more models as in `channel.model`, such as `[gain, rayleigh]`.

        Raises:
            ValueError: `of` lists fewer, or a model that does not multiply a sample by one gain.
            ConfigError: a model cannot be made.
        """
        super().__init__(config, link)
        if not isinstance(of, Sequence) or isinstance(of, str) or len(of) < 2:
            raise ValueError(f"of = {of}: expected a list of two or more models")
        self._models = [_gain(written, config, link) for written in of]
        self._numbers = KeyedNumbers(config.seed, Purpose.MIXTURE, link)

    def load(self) -> None:
        """Load the models that read files; errors as theirs."""
        for model in self._models:
            if isinstance(model, LoadedModel):
                model.load()

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """The gain of the model that each sample meets: the angle of two normal numbers is uniform."""
        normals = self._numbers.normals(positions, 1, draws, 2)
        turns = np.arctan2(normals[..., :1], normals[..., 1:]) / (2 * np.pi) + 0.5
        number = np.minimum((turns * len(self._models)).astype(np.int64), len(self._models) - 1)
        return np.choose(number, [model.gains_at(positions, draws) for model in self._models])

    @property
    def mean_power(self) -> float:
        """The largest E[g²] of the models, so that the rate bounds each of them from above."""
        return max(model.mean_power for model in self._models)


def _gain(written: object, config: RunConfig, link: int) -> SampleGain:
    choice = ChannelModelChoice.model_validate({"name": written} if isinstance(written, str) else written)
    model = channel_model(choice, config, link)
    if not isinstance(model, SampleGain):
        raise ValueError(f"of = {choice.name}: expected a model of one gain per sample, such as rayleigh")  # noqa: TRY004
    return model
