"""Suggestions for a name that does not exist."""

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

_LIKE = 0.65
_NEARLY_AS_LIKE = 0.2
_MOST = 3
_SHORTEST_BEGINNING = 3
_LIKENESS_OF_A_BEGINNING = 0.8


def likeness(written: str, known: str) -> float:
    """The similarity of two names, 0 to 1, ignoring case; a name is very similar to its own beginning."""
    written, known = written.lower(), known.lower()
    abbreviated = len(written) >= _SHORTEST_BEGINNING and known.startswith(written)
    ratio = SequenceMatcher(None, written, known).ratio()
    return max(ratio, _LIKENESS_OF_A_BEGINNING) if abbreviated else ratio


def likely(written: str, known: Iterable[str], how_like: Callable[[str, str], float] = likeness) -> list[str]:
    """The likeliest known names, best first; at most three, and none that is far from the written one."""
    ranked = sorted(((how_like(written, name), name) for name in known), key=lambda pair: (-pair[0], pair[1]))
    best = ranked[0][0] if ranked else 0.0
    return [name for like, name in ranked[:_MOST] if like >= max(_LIKE, best - _NEARLY_AS_LIKE)]


def did_you_mean(names: Sequence[str]) -> str:
    """The end of an error message: `; did you mean a, b or c?`, or an empty string without suggestions."""
    if not names:
        return ""
    *others, last = names
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"
