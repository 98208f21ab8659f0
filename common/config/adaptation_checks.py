"""Checks of what link adaptation asks for against what the run's networks, quantizer and channel can do."""

from splitwave.common.config.adaptation_settings import AdaptationRow, AdaptationSettings
from splitwave.common.config.channel_settings import ChannelSettings
from splitwave.common.config.effect_checks import check_decisions
from splitwave.common.config.registry import FIXED


def check_adaptation(
    settings: AdaptationSettings, channel: ChannelSettings, breakpoints: int, beta_range: list[float] | None
) -> None:
    """Refuse what a link of the run cannot do.

    Args:
        settings: of the adaptation.
        channel: of the run.
        breakpoints: T.
        beta_range: `hypernetwork.beta`.

    Raises:
        ValueError: as said.
    """
    if not settings.is_on:
        return
    if not breakpoints:
        raise ValueError(f"adaptation.policy = {settings.policy} needs level indices, and quantizer.breakpoints = 0")
    if settings.policy != FIXED and channel.receiver.csi == "none":
        raise ValueError(
            f"adaptation.policy = {settings.policy} follows the measured PSNR, and channel.receiver.csi = none "
            "measures nothing: choose perfect or estimated"
        )
    if settings.rows and not any(row.sends for row in settings.rows):
        raise ValueError("adaptation.rows: expected at least one row with sends = true")
    for place, row in enumerate(settings.rows):
        _check_row(row, f"adaptation.rows[{place}]", channel, breakpoints, beta_range)


def _check_row(
    row: AdaptationRow, where: str, channel: ChannelSettings, breakpoints: int, beta_range: list[float] | None
) -> None:
    if row.beta is not None and beta_range is None:
        raise ValueError(f"{where}.beta = {row.beta}: the networks are not β-conditioned (hypernetwork.beta)")
    if row.beta is not None and beta_range is not None and not beta_range[0] <= row.beta <= beta_range[1]:
        raise ValueError(f"{where}.beta = {row.beta}: the networks are trained on hypernetwork.beta = {beta_range}")
    if row.bits is not None and not row.bits <= breakpoints.bit_length():
        raise ValueError(
            f"{where}.bits = {row.bits}: expected at most the {breakpoints.bit_length()} bits of "
            f"quantizer.breakpoints = {breakpoints}"
        )
    if row.modulation is not None and channel.digital.modulation is None:
        raise ValueError(
            f"{where}.modulation = {row.modulation} does nothing without channel.digital.modulation, which the other "
            "rows and passes use"
        )
    check_decisions(row.modulation, channel.receiver, f"{where}.modulation")
