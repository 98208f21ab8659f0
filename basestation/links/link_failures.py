"""Keeps the reasons why links were lost, and notices a run that starts over again and again without progress."""

from collections.abc import Mapping

from splitwave.basestation.links.link_session import LinkSession

MAX_FRUITLESS_RESTARTS = 10
"""Limit of restarts in a row without progress between them, as with a device that always crashes at the same step."""

Progress = tuple[int, ...]


class LinkFailures:
    """The lost links of one run."""

    def __init__(self) -> None:
        self._reasons: dict[int, str] = {}
        self._furthest: Progress = ()
        self._fruitless = 0

    def add(self, session: LinkSession, reason: str) -> str:
        """Note why a link is lost; returns the sentence for logs and errors."""
        self._reasons[session.link] = f"link {session.link} (device {session.device_id}) was lost: {reason}"
        return self._reasons[session.link]

    def explain(self, links: int, sessions: Mapping[int, LinkSession]) -> str:
        """The reasons why links are not ready, one for each of them."""
        missing = [link for link in range(links) if link not in sessions or not sessions[link].ready]
        return "; ".join(self._explain(link, sessions.get(link)) for link in missing)

    def is_stuck_after(self, progress: Progress) -> bool:
        """Count a loss at this progress; True if too many losses in a row came without progress between them."""
        if progress > self._furthest:
            self._furthest, self._fruitless = progress, 0
        else:
            self._fruitless += 1
        return self._fruitless >= MAX_FRUITLESS_RESTARTS

    def _explain(self, link: int, session: LinkSession | None) -> str:
        if session is not None:
            return f"link {link} (device {session.device_id}) did not get ready"
        return self._reasons.get(link, f"link {link} has no device")
