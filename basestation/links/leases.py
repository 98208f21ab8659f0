"""Leases of links to devices."""

from splitwave.common.errors import ProtocolError, Refusal


class LinkLeases:
    """Leases K links, and remembers the last host of each."""

    def __init__(self, links: int) -> None:
        self._holders: list[str | None] = [None] * links
        self._hosts: list[str | None] = [None] * links

    def lease(self, device_id: str, requested: int | None, host: str = "") -> int:
        """Lease a link to a device.

        The device gets the link that it requested. If it requested none, it gets a free link that a device of its host
        held before, so that a restarted device finds its part of a checkpoint; else the lowest link that nobody has
        held; else the lowest free link.

        Raises:
            ProtocolError: all links are leased, or the requested link is leased or out of range.
        """
        link = self._best_free(host) if requested is None else self._checked(requested)
        self._holders[link] = device_id
        self._hosts[link] = host
        return link

    def release(self, link: int) -> None:
        """Free a link whose device is gone."""
        self._holders[link] = None

    def _best_free(self, host: str) -> int:
        free = [link for link, holder in enumerate(self._holders) if holder is None]
        if not free:
            raise ProtocolError(
                f"all {len(self._holders)} links are leased: more devices than links",
                Refusal.RESOURCE_EXHAUSTED,
            )
        return min(free, key=lambda link: (not host or self._hosts[link] != host, self._hosts[link] is not None, link))

    def _checked(self, link: int) -> int:
        links = len(self._holders)
        if link >= links:
            raise ProtocolError(f"link {link} does not exist: this run has links 0 to {links - 1}")
        if self._holders[link] is not None:
            raise ProtocolError(f"link {link} is leased to device {self._holders[link]}", Refusal.ALREADY_EXISTS)
        return link
