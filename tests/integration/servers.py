"""A base station and a channel emulator in front of it, for tests that control the devices themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.service.base_station import Access, BaseStation
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.results import RunResult
from splitwave.common.runtime.rpc import MAX_STREAMS
from splitwave.common.runtime.tls_folder import TlsFolder
from tests.integration.testbed import TEST, TRAIN, running_channel, tiny_data
from tests.limits import LIMIT_S

CONFIG = RunConfig.model_validate(
    {
        "links": 1,
        "encoder": {"dimension": 6},
        "quantizer": {"breakpoints": 6, "forward": "straight-through"},
        "training": {"epochs": 1, "batch_size": 16},
    }
)
IDS = RunPlan(CONFIG, TRAIN, TEST).block_ids(Phase.TRAIN, 0, 0)


AT_ONCE = Policy()


def pass_time(seconds: float) -> None:
    """Advance the clock of the running event loop, so that timeouts of up to this length end at once."""
    loop = asyncio.get_running_loop()
    ahead = loop.time() + seconds - time.monotonic()
    loop.time = lambda: time.monotonic() + ahead  # type: ignore[method-assign]


class Servers:
    """A base station and a channel emulator in front of it; `failure` waits for an error of the run."""

    def __init__(
        self, basestation: str, channel: str, run: "asyncio.Task[RunResult | None]", stop: asyncio.Event
    ) -> None:
        self.addresses = {"base station": basestation, "channel": channel}
        self.run = run
        self.stop = stop

    async def failure(self) -> str:
        with pytest.raises(RunFailedError) as error:
            await self.run
        return str(error.value)

    async def failure_in_time(self) -> str:
        """Like `failure`, for a run that fails by a timeout: advances the clock until it does."""
        while not self.run.done():
            pass_time(LIMIT_S)
            await asyncio.sleep(0)
        return await self.failure()


@asynccontextmanager
async def servers(
    state_dir: Path,
    config: RunConfig = CONFIG,
    policy: Policy = AT_ONCE,
    listen: str = "127.0.0.1:0",
    observers: Sequence[RunObserver] = (),
    max_streams: int = MAX_STREAMS,
    certificates: Path | None = None,
    testbed: str | None = None,
) -> AsyncIterator[Servers]:
    """Serve in plaintext, or with the certificates in a folder, perhaps for the devices of one testbed alone."""
    tls, channel_tls = (
        None if certificates is None else TlsFolder(certificates / name) for name in ("basestation", "channel")
    )
    bound: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    labels = tiny_data(config.links).labels
    basestation = BaseStation(
        config,
        labels,
        listen,
        state_dir,
        False,
        "run",
        policy,
        observers=observers,
        max_streams=max_streams,
        access=Access(tls, testbed=testbed),
    )
    run = asyncio.create_task(basestation.serve(bound.put_nowait, stop))
    address = await bound.get()
    async with running_channel(address, channel_tls) as channel:
        yield Servers(address, channel, run, stop)
        stop.set()
        await asyncio.gather(run, return_exceptions=True)
