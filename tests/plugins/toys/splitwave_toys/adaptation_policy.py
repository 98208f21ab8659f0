"""A policy of link adaptation: fewer bits a level below 10 dB, by a rule instead of a table."""

from splitwave.common.protocol.link_setting import LinkSetting


class BitsByPsnr:
    """One bit for every 5 dB, from 1 to 3."""

    def setting(self, link: int, psnr_db: float) -> LinkSetting:  # noqa: ARG002
        """The setting of the link's next query, when its last one came with this PSNR."""
        return LinkSetting(bits=min(3, max(1, round(psnr_db / 5))))
