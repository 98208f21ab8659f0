"""Who holds which link."""

from common.errors import ProtocolError, Refusal


class LinkLeases:
    """Leases K links, one to a device."""

    def __init__(self, links: int) -> None:
        self._holders: list[str | None] = [None] * links

    def lease(self, device_id: str, wish: int | None) -> int:
        """The link a device gets: the one it wishes for, else the lowest free one.

        Raises:
            ProtocolError: all links are leased, or the wish is leased or out of range.
        """
        if wish is not None:
            return self._take(wish, device_id)
        if None not in self._holders:
            raise ProtocolError(
                f"all {len(self._holders)} links are leased: more devices than links",
                Refusal.RESOURCE_EXHAUSTED,
            )
        return self._take(self._holders.index(None), device_id)

    def release(self, link: int) -> None:
        """Free a link whose device is gone."""
        self._holders[link] = None

    def _take(self, link: int, device_id: str) -> int:
        links = len(self._holders)
        if link >= links:
            raise ProtocolError(f"link {link} does not exist: this run has links 0 to {links - 1}")
        if self._holders[link] is not None:
            raise ProtocolError(f"link {link} is leased to device {self._holders[link]}", Refusal.ALREADY_EXISTS)
        self._holders[link] = device_id
        return link
