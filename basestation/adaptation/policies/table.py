"""The policy `table`: a setting for each range of the measured PSNR."""

from bisect import bisect_right
from dataclasses import dataclass

from splitwave.basestation.adaptation.row_setting import row_setting
from splitwave.common.config.adaptation_settings import AdaptationSettings
from splitwave.common.protocol.link_setting import AS_CONFIGURED, LinkSetting


@dataclass(frozen=True, slots=True)
class Table:
    """The setting of the last row whose lower end the PSNR reaches; the first row has none.

    Attributes:
        ends_db: lower ends of all rows but the first, ascending, in dB.
        settings: one more.
    """

    ends_db: tuple[float, ...] = ()
    settings: tuple[LinkSetting, ...] = (AS_CONFIGURED,)

    @classmethod
    def of(cls, settings: AdaptationSettings) -> "Table":
        """The policy of `adaptation.rows`."""
        ends = tuple(row.from_db for row in settings.rows if row.from_db is not None)
        return cls(ends, tuple(map(row_setting, settings.rows)))

    def setting(self, link: int, psnr_db: float) -> LinkSetting:  # noqa: ARG002
        """The setting of the range that the PSNR lies in, for every link alike."""
        return self.settings[bisect_right(self.ends_db, psnr_db)]
