"""Opens the link of a device in a thread, and gives the opening up when the call is cancelled.

A thread goes on when the call that waits for it is cancelled: without a link to close, the base station would lease it
to this process until its end.
"""

import asyncio
from concurrent.futures import Future
from dataclasses import replace

from splitwave.device.application.device_options import DeviceOptions
from splitwave.device.application.submitter import Submitter
from splitwave.device.live.station_connection import StationConnection

_Begun = Future[StationConnection]
"""The connection, from the moment on at which it may be closed."""


async def open_in_thread(options: DeviceOptions) -> Submitter:
    """Open the link of a device.

    Raises:
        CancelledError: the call was cancelled; the link is closed by then.
        SplitwaveError: as `DeviceOptions.open`.
    """
    begun = _Begun()
    noting = replace(options, link=replace(options.link, begun=begun.set_result))
    opening = asyncio.create_task(asyncio.to_thread(noting.open))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.create_task(_give_up(opening, begun)))
        raise


async def _give_up(opening: "asyncio.Task[Submitter]", begun: _Begun) -> None:
    """End the opening, whether its connection is made later, is dialled or is open."""
    await asyncio.to_thread(begun.add_done_callback, _close)
    await asyncio.wait([opening])
    if not opening.cancelled() and opening.exception() is None:
        await asyncio.to_thread(opening.result().close)


def _close(begun: _Begun) -> None:
    begun.result().close()
