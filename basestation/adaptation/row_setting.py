"""A row of `adaptation.rows` as the setting of a link."""

from splitwave.common.config.adaptation_settings import AdaptationRow
from splitwave.common.protocol.link_setting import LinkSetting


def row_setting(row: AdaptationRow) -> LinkSetting:
    """The setting of a link that follows this row."""
    return LinkSetting(row.beta, row.bits, row.modulation, row.sends)
