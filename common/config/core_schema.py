"""Scalars by the core schema of YAML 1.2 (section 10.3.2): `010` is ten; `yes`, `1_000` and `2024-01-31` are text."""

import re
from collections.abc import Callable, Mapping

Scalar = str | int | float | bool | None

_PREFIX = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, STR, MERGE, LIST, MAPPING = (
    f"{_PREFIX}{name}" for name in ("null", "bool", "int", "float", "str", "merge", "seq", "map")
)

PLAIN = {
    NULL: re.compile(r"(?:null|Null|NULL|~|)\Z"),
    BOOL: re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    INT: re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
    FLOAT: re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN)\Z"
    ),
}
"""The forms of unquoted scalars that are not text, by tag; the first that matches counts."""

_BASES = {"0o": 8, "0x": 16}
_LONGEST_INTEGER = 100  # far longer than any setting, and short enough for Python to convert and print


def is_number(text: str) -> bool:
    """Whether a text, unquoted, is a number."""
    return bool(PLAIN[INT].match(text) or PLAIN[FLOAT].match(text))


def scalar_value(tag: str, text: str) -> Scalar:
    """Return the value of a scalar.

    Args:
        tag: as resolved from the text, or as written before it (`!!int 3`).
        text: without quotes.

    Raises:
        ValueError: the text does not have the form that the tag requires, or the schema has no such tag.
    """
    if tag == STR:
        return text
    if tag not in PLAIN:
        raise ValueError(f"the tag {_shown(tag)} is not one of YAML's core schema")
    if not PLAIN[tag].match(text):
        raise ValueError(f"{text!r} does not have the form of its tag, {_shown(tag)}")
    return _VALUES[tag](text)


def _shown(tag: str) -> str:
    return repr(tag.replace(_PREFIX, "!!", 1))


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise ValueError(f"an integer of {len(text)} digits; at most {_LONGEST_INTEGER} are read")
    base = _BASES.get(text[:2], 10)
    return int(text if base == 10 else text[2:], base)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_VALUES: Mapping[str, Callable[[str], Scalar]] = {
    NULL: lambda _: None,
    BOOL: lambda text: text.lower() == "true",
    INT: _integer,
    FLOAT: _float,
}
