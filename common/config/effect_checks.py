"""Checks that a setting has an effect, and makes sense beside others."""

from collections.abc import Mapping, Sequence

from splitwave.common.config.channel_settings import DigitalSettings, ReceiverSettings
from splitwave.common.config.section import Section


def check_defaults(section: Section, path: str, names: Sequence[str], needed: str) -> None:
    """Refuse a setting that was given a value and does nothing.

    Raises:
        ValueError: as said.
    """
    for name in names:
        value = getattr(section, name)
        if value != type(section).model_fields[name].default:
            raise ValueError(f"{path}.{name} = {value} does nothing without {needed}")


def check_digital(digital: DigitalSettings, receiver: ReceiverSettings, breakpoints: int) -> None:
    """Refuse a modulation that has no level indices to carry, or whose decisions the receiver would falsify.

    Raises:
        ValueError: as said.
    """
    modulation = digital.modulation
    if modulation and not breakpoints:
        raise ValueError(
            f"channel.digital.modulation = {modulation} carries level indices, and quantizer.breakpoints = 0 has none"
        )
    check_decisions(modulation, receiver, "channel.digital.modulation")


def check_decisions(modulation: str | None, receiver: ReceiverSettings, where: str) -> None:
    """Refuse a modulation whose decisions the receiver would falsify.

    Args:
        modulation: None for amplitudes.
        receiver: of the run.
        where: the name of the modulation's setting.

    Raises:
        ValueError: as said.
    """
    if modulation == "16-qam" and receiver.equaliser == "mmse":
        raise ValueError(
            f"{where} = 16-qam is decided by amplitude, which channel.receiver.equaliser = mmse shrinks: "
            "choose zero-forcing"
        )


def check_one_a_link(links: int, settings: Mapping[str, float | list[float]]) -> None:
    """Refuse a list whose length is not the number of links, by setting.

    Raises:
        ValueError: as said.
    """
    for path, value in settings.items():
        if isinstance(value, list) and len(value) != links:
            raise ValueError(f"{path} = {value} has {len(value)} values for {links} links: give one, or one a link")
