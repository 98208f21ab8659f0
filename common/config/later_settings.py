"""Sections and settings that were added after the first results and checkpoints were published."""

from typing import Any

from pydantic import BaseModel

LATER_SECTIONS = ("fusion", "decoder", "adaptation")
LATER_SETTINGS = {
    "data": ("view", "crop", "noise", "seed"),
    "encoder": ("network",),
    "channel": ("receiver", "digital", "downlink", "timing"),
    "fusion": ("deadline_ms", "quorum"),
    "training": ("link_dropout",),
    "runtime": ("wire_dtype",),
}


def without_later_defaults(config: BaseModel, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run without the later ones that are at their defaults.

    The settings of an older result, which lacks them, keep their hash, and an older device understands them.

    Args:
        config: the run's settings.
        settings: the same, as `model_dump` gives them; left unchanged.
    """
    kept = {
        name: value for name, value in settings.items() if name not in LATER_SECTIONS or not _is_default(config, name)
    }
    for name in LATER_SETTINGS.keys() & kept.keys():
        later = LATER_SETTINGS[name]
        section = getattr(config, name)
        kept[name] = {
            leaf: value for leaf, value in kept[name].items() if leaf not in later or not _is_default(section, leaf)
        }
    return kept


def _is_default(model: BaseModel, name: str) -> bool:
    return bool(getattr(model, name) == type(model).model_fields[name].default)
