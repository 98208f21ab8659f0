"""Error messages for settings, with the setting, its value and origin, the reason, and similar names."""

import math
import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from splitwave.common.config.core_schema import is_number
from splitwave.common.config.setting_names import (
    likely_sections,
    likely_settings,
    misspelled_variables,
    setting_of,
    similar_variables,
)
from splitwave.common.spelling import did_you_mean, likely

SECTION_EXPECTED = "expected a section, with its settings indented below it"
FROM_ENVIRONMENT = "environment variable "

_FINITE_EXPECTED = "Input should be a finite number"
_FORMER_BOOLEANS = frozenset({"y", "yes", "on", "n", "no", "off"})
_LONGEST_SHOWN = 200
_OF_NUMBERS = frozenset(
    {
        "finite_number", "float_type", "greater_than", "greater_than_equal", "int_type", "less_than", "less_than_equal",
    }
)  # fmt: skip


def shown(value: object) -> str:
    """Return a value as an error message quotes it: in one line that is not too long to read."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def complaints(error: ValidationError, origins: Mapping[str, str]) -> str:
    """Return one line for each wrong setting.

    Args:
        error: pydantic's error for the merged settings.
        origins: the file, variable or option that each setting came from, by dotted path.
    """
    found: dict[str, tuple[str, ErrorDetails]] = {}
    for detail in error.errors():
        dotted = _dotted(detail, origins)
        # A setting that is a number or a list fails once for each type; for a list, only one message helps.
        before = found.get(dotted or detail["msg"])
        if before is None or _is_list_for_number(before[1]):
            found[dotted or detail["msg"]] = dotted, detail
    return "\n".join(_describe(dotted, detail, origins) for dotted, detail in found.values())


def _is_list_for_number(detail: ErrorDetails) -> bool:
    return detail["type"] == "float_type" and isinstance(detail["input"], list)


def _dotted(detail: ErrorDetails, origins: Mapping[str, str]) -> str:
    # Union members appear in `loc` after the setting's own path: cut at the deepest path that was set.
    parts = [str(part) for part in detail["loc"]]
    known = [n for n in range(1, len(parts) + 1) if ".".join(parts[:n]) in origins]
    return ".".join(parts[: known[-1]] if known else parts)


def _describe(dotted: str, detail: ErrorDetails, origins: Mapping[str, str]) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not dotted:  # several settings contradict each other; the message begins with the setting to change
        dotted = message.split()[0]
        return f"{message} ({dotted} is from {origins[dotted]})" if dotted in origins else message
    origin = f" (from {origins[dotted]})" if dotted in origins else ""
    value = detail["input"]
    if detail["type"] == "extra_forbidden":
        return _no_such_setting(dotted, value, origins)
    if detail["type"] == "model_type":
        message = SECTION_EXPECTED + did_you_mean(misspelled_variables(_variable(origins.get(dotted, ""))))
    elif detail["type"] == "literal_error":
        message += _likely_value(value, detail)
    elif detail["type"] in _OF_NUMBERS:
        message = _FINITE_EXPECTED if _is_endless(value) else message + _hint(value)
    elif detail["type"] == "bool_type" and str(value).lower() in _FORMER_BOOLEANS:
        message += "; YAML 1.2 reads this as text: write true or false"
    return f"{dotted} = {shown(value)}{origin}: {message}"


def _no_such_setting(dotted: str, value: object, origins: Mapping[str, str]) -> str:
    origin = origins.get(dotted, "")
    while isinstance(value, dict) and len(value) == 1:  # in --set trainig.epochs=3 the section is wrong
        ((key, value),) = value.items()
        dotted = f"{dotted}.{key}"
    variable = _variable(origin)
    if setting_of(variable) == dotted:
        meant = similar_variables(variable)
    else:
        meant = likely_sections(dotted) if isinstance(value, dict) else likely_settings(dotted)
    said = f" (from {origin})" if origin else ""
    return f"{dotted}: no such setting{said}{did_you_mean(meant) or '; see `splitwave config schema`'}"


def _variable(origin: str) -> str:
    """Return the environment variable that an origin is, or an empty string."""
    return origin.removeprefix(FROM_ENVIRONMENT) if origin.startswith(FROM_ENVIRONMENT) else ""


def _likely_value(value: object, detail: ErrorDetails) -> str:
    known = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    return did_you_mean([repr(name) for name in likely(str(value), known)])


def _is_endless(value: object) -> bool:
    """Whether a value, a number or its text, is infinite or NaN."""
    number = _number(value)
    return number is not None and not math.isfinite(number)


def _number(value: object) -> float | None:
    if isinstance(value, str | float):
        try:
            return float(value)
        except ValueError:
            pass
    return None


def _hint(value: object) -> str:
    """Return why a text that looks like a number is none, or an empty string."""
    if not isinstance(value, str) or _number(value) is None:
        return ""
    if is_number(value.strip()):
        return "; it is quoted, so it is text: remove the quotes"
    return "; YAML 1.2 reads it as text: remove the underscores" if "_" in value else ""
