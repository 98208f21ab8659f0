"""The radios over which trials train and are measured, by name, as `channel.model`."""

from collections.abc import Sequence
from typing import Literal

RadioName = Literal["awgn", "rician", "rayleigh", "mixture"]

RICIAN_K_DB = 6.0
_RICIAN = {"name": "rician", "k_db": RICIAN_K_DB}

RADIOS: dict[RadioName, Sequence[object]] = {
    "awgn": ["awgn"],
    "rician": [_RICIAN, "awgn"],
    "rayleigh": ["rayleigh", "awgn"],
    "mixture": [{"name": "mixture", "of": ["gain", _RICIAN, "rayleigh"]}, "awgn"],
}
"""Every sample meets its own gain; a sample of `mixture` that of one of the three others, each as often."""


def channel_settings(radio: RadioName, *, csi: bool) -> dict[str, object]:
    """Return the settings of a radio; with `csi` the receiver knows gain and noise, and has an MMSE equaliser."""
    receiver = {"csi": "perfect", "equaliser": "mmse"} if csi else {}
    return {"model": RADIOS[radio], "receiver": receiver}
