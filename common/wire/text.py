"""Bounds on the text that a peer sends: it goes to logs, statuses and refusals, and is kept as long as its link."""

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS


def bounded(text: str, what: str, most: int = MAX_NAME_CHARACTERS) -> str:
    """Return a text of at most so many characters.

    Raises:
        ProtocolError: it is longer; `what` is its name in the message.
    """
    if len(text) > most:
        raise ProtocolError(f"{what} of {len(text)} characters: expected at most {most}")
    return text


def shortened_reason(reason: str) -> str:
    """Return a reason as short as `bounded` demands it from a peer, cut at its end."""
    return reason if len(reason) <= MAX_REASON_CHARACTERS else f"{reason[: MAX_REASON_CHARACTERS - 1]}…"
