"""A stream some of whose messages wait in their ports, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator

from splitwave.channel.emulator.media import EmulatedMedia
from splitwave.channel.emulator.port import EmulatedPort
from splitwave.channel.emulator.stream import EmulatedStream
from splitwave.common.config.run_config import RunConfig
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.unit.channel.emulator.still_clock import StillClock
from tests.unit.channel.emulator.test_timed_port import (
    AIRTIME_MS,
    MS,
    READY,
    REPORT,
    config_of,
    numbers,
    query,
    uplink,
    welcome,
)


class Upstream:
    """Records what the emulator forwards, and says when it does."""

    def __init__(self, config: RunConfig, links: int) -> None:
        self.bundles: asyncio.Queue[list[pb.UplinkMessage]] = asyncio.Queue()
        self.done = asyncio.Event()
        self._welcomes = [welcome(config, link) for link in range(links)]

    async def write(self, bundle: pb.UplinkBundle) -> None:
        self.bundles.put_nowait(list(bundle.messages))

    async def done_writing(self) -> None:
        self.done.set()

    async def __aiter__(self) -> AsyncIterator[pb.DownlinkBundle]:
        yield pb.DownlinkBundle(messages=self._welcomes)


class Downstream:
    async def write(self, bundle: pb.DownlinkBundle) -> None:
        pass


def test_a_stream_goes_on_while_one_of_its_ports_waits_and_ends_when_none_does() -> None:
    """Link 0 is on the air; link 1 has nothing to send but a report, which passes at once."""
    clock, config = StillClock(), config_of()

    async def carry() -> None:
        upstream = Upstream(config, 2)
        media = EmulatedMedia(clock)
        stream = EmulatedStream(
            upstream,  # type: ignore[arg-type]
            Downstream(),  # type: ignore[arg-type]
            lambda: None,
            lambda wake: EmulatedPort(None, media, wake),
        )
        await stream.carry_down()
        bundles: asyncio.Queue[pb.UplinkBundle | None] = asyncio.Queue()

        async def sent() -> AsyncIterator[pb.UplinkBundle]:
            while (bundle := await bundles.get()) is not None:
                yield bundle

        hellos = pb.UplinkBundle(messages=[uplink(READY, 0), uplink(READY, 1)])
        up, held = asyncio.create_task(stream.carry_up(hellos, sent())), asyncio.create_task(stream.carry_held())
        assert [message.port for message in await upstream.bundles.get()] == [0, 1]
        bundles.put_nowait(pb.UplinkBundle(messages=[query(0), uplink(REPORT, 1), query(1)]))
        assert [message.port for message in await upstream.bundles.get()] == [1]
        bundles.put_nowait(None)
        clock.pass_ns(AIRTIME_MS * MS)
        assert numbers(await upstream.bundles.get()) == [0]
        assert not upstream.done.is_set()
        clock.pass_ns(AIRTIME_MS * MS)
        assert numbers(await upstream.bundles.get()) == [1]
        await up
        assert upstream.done.is_set()
        held.cancel()

    asyncio.run(carry())
