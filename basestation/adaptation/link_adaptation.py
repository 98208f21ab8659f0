"""The closed loop of link adaptation, without messages: measured PSNR in, settings of links out."""

from collections.abc import Mapping

from splitwave.basestation.adaptation.adaptation_policy import load_adaptation_policy
from splitwave.common.config.channel_settings import BITS_PER_SYMBOL
from splitwave.common.config.effect_checks import check_decisions
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, RunFailedError
from splitwave.common.learning.conditions import check_serving_beta
from splitwave.common.protocol.link_setting import AS_CONFIGURED, LinkSetting


class LinkAdaptation:
    """The setting of each link's next query.

    The policy decides for each link by itself, by what was last measured on it. If no link were left that sends, the
    one with the highest measured PSNR sends as the run's settings say, for as long as this is so: an answer from no
    symbols at all is of no use to anyone.

    Attributes:
        is_on: whether links may send otherwise than the run's settings say.
        settings: by link, of its next query.
    """

    def __init__(self, config: RunConfig) -> None:
        """Args: the run's settings.

        Raises:
            ConfigError: the policy cannot be loaded.
        """
        self._config = config
        self._policy = load_adaptation_policy(config)
        psnr_db = config.channel.psnr_db
        self._nominal_db = psnr_db if isinstance(psnr_db, list) else [psnr_db] * config.links
        self.is_on = config.adaptation.is_on
        self._measured_db = list(self._nominal_db)
        self.settings = [AS_CONFIGURED] * config.links

    def begin_pass(self) -> Mapping[int, LinkSetting]:
        """The settings of all links for the first query of a serving pass, whatever was measured before it.

        A pass then has the same settings whether the run started over before it or not.

        Raises:
            RunFailedError: the policy asks for what the run's links cannot do.
        """
        return self._decide(dict(enumerate(self._nominal_db)))

    def take(self, measured_db: Mapping[int, float | None]) -> Mapping[int, LinkSetting]:
        """The settings that change after a query.

        Args:
            measured_db: by link that took part in it, its PSNR in dB; None if nothing was measured.

        Raises:
            RunFailedError: as for `begin_pass`.
        """
        before = list(self.settings)
        self._decide({link: psnr_db for link, psnr_db in measured_db.items() if psnr_db is not None})
        return {link: now for link, now in enumerate(self.settings) if now != before[link]}

    def _decide(self, measured_db: Mapping[int, float]) -> Mapping[int, LinkSetting]:
        for link, psnr_db in measured_db.items():
            self._measured_db[link] = psnr_db
        for link, psnr_db in enumerate(self._measured_db):  # all: a link that had to send may have been relieved
            self.settings[link] = self._checked(link, self._policy.setting(link, psnr_db))
        if not any(setting.sends for setting in self.settings):
            strongest = max(range(len(self.settings)), key=lambda link: (self._measured_db[link], -link))
            self.settings[strongest] = AS_CONFIGURED
        return dict(enumerate(self.settings))

    def _checked(self, link: int, setting: LinkSetting) -> LinkSetting:
        config, where = self._config, f"adaptation.policy = {self._config.adaptation.policy}, link {link}"
        if setting.beta is not None:
            try:
                check_serving_beta(config, setting.beta)
            except ProtocolError as error:
                raise RunFailedError(f"{where}: {error}") from None
        if setting.bits is not None and not 1 <= setting.bits <= config.bits_per_symbol:
            raise RunFailedError(f"{where}: bits = {setting.bits}: expected 1 to {config.bits_per_symbol}")
        if setting.modulation is not None:
            self._check_modulation(setting.modulation, where)
        return setting

    def _check_modulation(self, modulation: str, where: str) -> None:
        channel = self._config.channel
        if channel.digital.modulation is None:
            raise RunFailedError(f"{where}: modulation = {modulation} needs channel.digital.modulation")
        if modulation not in BITS_PER_SYMBOL:
            raise RunFailedError(f"{where}: modulation = {modulation}: expected one of {', '.join(BITS_PER_SYMBOL)}")
        try:
            check_decisions(modulation, channel.receiver, "modulation")
        except ValueError as error:
            raise RunFailedError(f"{where}: {error}") from None
