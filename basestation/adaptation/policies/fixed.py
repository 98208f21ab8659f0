"""The policy `fixed`: every query is sent alike, whatever is measured."""

from dataclasses import dataclass

from splitwave.basestation.adaptation.row_setting import row_setting
from splitwave.common.config.adaptation_settings import AdaptationSettings
from splitwave.common.protocol.link_setting import AS_CONFIGURED, LinkSetting


@dataclass(frozen=True, slots=True)
class Fixed:
    """One setting for all links and queries.

    Attributes:
        always: that setting.
    """

    always: LinkSetting = AS_CONFIGURED

    @classmethod
    def of(cls, settings: AdaptationSettings) -> "Fixed":
        """The policy of the one row, or of the run's settings without any."""
        return cls(row_setting(settings.rows[0])) if settings.rows else cls()

    def setting(self, link: int, psnr_db: float) -> LinkSetting:  # noqa: ARG002
        """The one setting."""
        return self.always
