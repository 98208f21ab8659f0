"""Leases of links to devices."""

from collections.abc import Collection, Sequence

from splitwave.common.errors import ProtocolError, Refusal


class LinkLeases:
    """Leases K links, and remembers by its id which device held each link last."""

    def __init__(self, links: int, last_devices: Sequence[str] = ()) -> None:
        """Args: K, and by link the id of the device that held it in an earlier run, if that is known."""
        self._holders: list[str | None] = [None] * links
        self._last = [last_devices[link] if link < len(last_devices) else "" for link in range(links)]

    def lease(self, device_id: str, requested: int | None, allowed: Collection[int] | None = None) -> int:
        """Lease a link to a device.

        The device gets the link that it requested. If it requested none, it gets the link that it held before, so that
        a restarted device finds its part of a checkpoint; else the lowest link that nobody has held; else the lowest
        free link.

        Args:
            device_id: unique to the device.
            requested: the link that it asks for, or None for any.
            allowed: the links that it may have, or None for any.

        Raises:
            ProtocolError: all links are leased, the device holds its link already, or the requested link is leased or
                out of range, or not allowed.
        """
        allowed = range(len(self._holders)) if allowed is None else allowed
        link = self._earlier(device_id, allowed) if requested is None else self._checked(device_id, requested, allowed)
        if link is None:
            link = self._best_free(device_id, allowed)
        self._forget(device_id)
        self._holders[link] = self._last[link] = device_id
        return link

    def release(self, link: int) -> None:
        """Free a link whose device is gone."""
        self._holders[link] = None

    def _earlier(self, device_id: str, allowed: Collection[int]) -> int | None:
        earlier = [link for link, last in enumerate(self._last) if last == device_id and link in allowed]
        if not device_id or not earlier:
            return None
        free = [link for link in earlier if self._holders[link] is None]
        if not free:
            # Perhaps it is a connection that broke unnoticed. Any other free link would be that of another device.
            raise ProtocolError(
                f"link {earlier[0]} is leased to device {device_id}, and two devices have this id: if the folder "
                "--state of one is a copy, remove the *.id files from the copy",
                Refusal.ALREADY_EXISTS,
            )
        return free[0]

    def _best_free(self, device_id: str, allowed: Collection[int]) -> int:
        links = [link for link in range(len(self._holders)) if link in allowed]
        if not links:
            raise ProtocolError(
                f"device {device_id} may lease {_listed(allowed)}, this run has links 0 to {len(self._holders) - 1}",
                Refusal.PERMISSION_DENIED,
            )
        free = [link for link in links if self._holders[link] is None]
        if not free and len(links) < len(self._holders):
            raise ProtocolError(
                f"device {device_id} may lease {_listed(links)} alone, leased already", Refusal.RESOURCE_EXHAUSTED
            )
        if not free:
            raise ProtocolError(
                f"all {len(self._holders)} links are leased: more devices than links",
                Refusal.RESOURCE_EXHAUSTED,
            )
        return min(free, key=lambda link: (bool(self._last[link]), link))

    def _forget(self, device_id: str) -> None:
        """Forget which free link a device held: it moves to another."""
        for link, holder in enumerate(self._holders):
            if holder is None and self._last[link] == device_id:
                self._last[link] = ""

    def _checked(self, device_id: str, link: int, allowed: Collection[int]) -> int:
        links = len(self._holders)
        if link >= links:
            raise ProtocolError(f"link {link} does not exist: this run has links 0 to {links - 1}")
        if link not in allowed:
            raise ProtocolError(
                f"device {device_id} asks for link {link}, and its certificate allows {_listed(allowed)}",
                Refusal.PERMISSION_DENIED,
            )
        if self._holders[link] is not None:
            raise ProtocolError(f"link {link} is leased to device {self._holders[link]}", Refusal.ALREADY_EXISTS)
        return link


def _listed(links: Collection[int]) -> str:
    if not links:
        return "no link"
    return f"link{'s' if len(links) > 1 else ''} {', '.join(map(str, sorted(links)))}"
