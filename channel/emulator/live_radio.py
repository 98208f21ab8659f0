"""The path of one link's blocks, as its live state changes it."""

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.control.overrides import overridden
from splitwave.channel.emulator.link_radio import LinkRadio
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_channel import NO_VALUES, LiveChannel
from splitwave.common.protocol.phases import Phase

Met = tuple[LiveChannel | None, LinkRadio]
"""The state that a block meets, None where nobody has changed the link, and its path."""


class LiveRadio:
    """Chooses the path of a block, and remembers it until the gradient of a training block returns.

    Only paths that a later message of the same block takes are remembered, at most one for each credit of the link.
    """

    def __init__(self, config: RunConfig, link: int, control: LiveControl | None) -> None:
        """Args: the run's settings, the link's index, and the control; None for the settings' channel alone.

        Raises:
            ConfigError: a model of the channel cannot be loaded, as the settings or the control have it.
            DataError: the file of a model is missing or damaged.
        """
        self._config = config
        self._link = link
        self._control = control
        self._plain = LinkRadio(config, link)
        self._values, self._radio = NO_VALUES, self._plain
        self._met: dict[BlockKey, Met] = {}
        if control is not None:
            control.welcome(link, config)

    @property
    def meets_others(self) -> bool:
        """Whether links meet in the channel."""
        return self._plain.stages is not None

    def of_block(self, key: BlockKey) -> Met:
        """The state and the path of a block that comes now."""
        if self._control is None or not (state := self._control.at(self._link, key)).version:
            return None, self._plain
        radio = self._of(state)
        returns = key.phase is Phase.TRAIN and not radio.returns_gradients_unchanged
        if returns or self.meets_others:
            self._met[key] = (state, radio)
        return state, radio

    def met(self, key: BlockKey) -> Met:
        """The state and the path of a block that came before."""
        return self._met.get(key, (None, self._plain))

    def forget(self, key: BlockKey) -> None:
        """No message of this block comes any more."""
        self._met.pop(key, None)

    def _of(self, state: LiveChannel) -> LinkRadio:
        if state.values != self._values:
            config = overridden(self._config, self._link, state.values)
            self._values, self._radio = state.values, LinkRadio(config, self._link)
        return self._radio
