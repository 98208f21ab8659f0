"""The floors with which latency is compared, each with its processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from splitwave.benchmarks.floors.echo_client import echo
from splitwave.benchmarks.floors.gloo import exchange
from splitwave.benchmarks.floors.pipeline import query_times_ns
from splitwave.benchmarks.load.services import two_hop_echo
from splitwave.benchmarks.load.worker_process import WorkerProcess, worker_process
from splitwave.benchmarks.readings.alternation import Side
from splitwave.benchmarks.readings.report import Samples
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.benchmarks.suites.wire_cost import uplink_cost


@asynccontextmanager
async def latency_floors(bench: Bench, case: str, links: int) -> AsyncIterator[dict[str, Side[Samples]]]:
    """Start the floors for single samples over a number of links; each side measures (queries,) int64 nanoseconds.

    - `echo`: one stream per link.
    - `echo_one_stream`, with several links: one stream with messages as large as those of all links together, because
      the links of one process are sent in one bundle.
    - `inprocess`: the same networks by direct calls, with one thread.
    - `gloo`, with one link: a round trip of the tensor of one sample.
    """
    queries, message_bytes = bench.scope.floor_queries, uplink_cost(1).message_bytes
    config = short_run(links, block_size=1).canonical_json()
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(two_hop_echo(bench.folder / f"echo-{case}"))
        client = await stack.enter_async_context(worker_process())
        pipeline = await stack.enter_async_context(worker_process())
        floors: dict[str, Side[Samples]] = {"echo": partial(client.run, echo, address, links, message_bytes, queries)}
        if links > 1:
            floors["echo_one_stream"] = partial(client.run, echo, address, 1, links * message_bytes, queries)
        floors["inprocess"] = partial(pipeline.run, query_times_ns, config, bench.data_dir, 1, queries)
        if links == 1:
            peer = await stack.enter_async_context(worker_process())
            floors["gloo"] = partial(_round_trips, pipeline, peer, bench)
        yield floors


async def _round_trips(device: WorkerProcess, basestation: WorkerProcess, bench: Bench) -> Samples:
    rendezvous = (bench.folder / "gloo.rendezvous").resolve()
    rendezvous.unlink(missing_ok=True)
    queries = bench.scope.floor_queries
    answering = asyncio.create_task(basestation.run(exchange, rendezvous, 1, 1, 28, queries))
    times = await device.run(exchange, rendezvous, 0, 1, 28, queries)
    await answering
    return times
