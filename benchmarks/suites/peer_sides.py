"""The sides of `peers`: Splitwave's engines, the two-hop echo, and the competitors."""

import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import numpy as np

from splitwave.benchmarks.floors.echo_client import echo
from splitwave.benchmarks.floors.pipeline import query_times_ns
from splitwave.benchmarks.load.load_pass import LoadPass, run_pass, sized_workload
from splitwave.benchmarks.load.services import two_hop_echo
from splitwave.benchmarks.load.testbed_load import loaded_testbed
from splitwave.benchmarks.load.worker_process import WorkerProcess, worker_process
from splitwave.benchmarks.peers.gloo_sends import gloo_sends
from splitwave.benchmarks.peers.job import PeerJob, PeerRun
from splitwave.benchmarks.peers.one_process import one_process
from splitwave.benchmarks.peers.pickle_tcp import pickle_tcp
from splitwave.benchmarks.peers.ray_actors import ray_actors, ray_is_installed
from splitwave.benchmarks.peers.torch_rpc import torch_rpc
from splitwave.benchmarks.readings.alternation import Side
from splitwave.benchmarks.readings.hop_table import latency_ns
from splitwave.benchmarks.readings.peer_table import BARE_TORCH, OUR_ONE_PROCESS, OUR_SHARDS, OURS, SideTimes
from splitwave.benchmarks.readings.report import Samples
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.benchmarks.suites.training import run_engine
from splitwave.benchmarks.suites.wire_cost import uplink_cost
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.workload import Workload

_NO_QUERIES: Samples = np.zeros(0, dtype=np.int64)

Peer = Callable[[PeerJob], Awaitable[PeerRun]]


def peers_by_name() -> dict[str, Peer]:
    """The competitors that this environment can run."""
    peers: dict[str, Peer] = {"pickle_tcp": pickle_tcp, "gloo": gloo_sends, "torch_rpc": torch_rpc}
    if ray_is_installed():
        peers["ray"] = ray_actors
    return peers | {BARE_TORCH: partial(one_process, threads=2), "torch_1_thread": partial(one_process, threads=1)}


@asynccontextmanager
async def peer_sides(bench: Bench, job: PeerJob, passes: list[LoadPass]) -> AsyncIterator[dict[str, Side[SideTimes]]]:
    """Make all sides; the load passes of Splitwave are appended to `passes`."""
    async with worker_process() as distributed, worker_process() as two_threads:
        sides: dict[str, Side[SideTimes]] = {
            OURS: partial(_process_engine, bench, job, distributed, passes),
            OUR_SHARDS: partial(_shards, bench, job, distributed),
            OUR_ONE_PROCESS: partial(_one_process, bench, job, two_threads),
            "echo": partial(_echo, bench),
        }
        yield sides | {name: partial(_side_of, peer, job) for name, peer in peers_by_name().items()}


def with_runtime(config: RunConfig, *, threads: int = 1, decoder_shards: int = 1) -> RunConfig:
    """The same training with other threads and shards."""
    runtime = config.runtime.model_copy(update={"torch_threads": threads, "decoder_shards": decoder_shards})
    return config.model_copy(update={"runtime": runtime})


async def _process_engine(bench: Bench, job: PeerJob, worker: WorkerProcess, passes: list[LoadPass]) -> SideTimes:
    step_s = await _train(bench, job, worker, "process")
    folder = bench.folder / f"peers-{len(passes)}"
    async with loaded_testbed(short_run(1), folder, bench.data_dir, one_device_process=True) as testbed:
        workload = await sized_workload(testbed, Workload(0, 1, 1, 0.0, 0), bench.scope.rules)
        passes.append(await run_pass(testbed, workload))
    return SideTimes(step_s, latency_ns(passes[-1].links))


async def _shards(bench: Bench, job: PeerJob, worker: WorkerProcess) -> SideTimes:
    return SideTimes(await _train(bench, job, worker, "process", decoder_shards=2), _NO_QUERIES)


async def _one_process(bench: Bench, job: PeerJob, worker: WorkerProcess) -> SideTimes:
    step_s = await _train(bench, job, worker, "inprocess", threads=2)
    config = short_run(1, block_size=1).canonical_json()
    return SideTimes(step_s, await worker.run(query_times_ns, config, bench.data_dir, 2, bench.scope.floor_queries))


async def _train(
    bench: Bench, job: PeerJob, worker: WorkerProcess, engine: str, *, threads: int = 1, decoder_shards: int = 1
) -> dict[int, float]:
    step_s = {}
    for config in job.trainings:
        text = with_runtime(config, threads=threads, decoder_shards=decoder_shards).canonical_json()
        done = await worker.run(run_engine, engine, text, bench.folder, bench.data_dir)
        step_s[config.training.batch_size] = done.median_step_s
    return step_s


async def _echo(bench: Bench) -> SideTimes:
    message_bytes = uplink_cost(1).message_bytes
    async with two_hop_echo(bench.folder / "peers-echo") as address, worker_process() as client:
        return SideTimes({}, await client.run(echo, address, 1, message_bytes, bench.scope.floor_queries))


async def _side_of(peer: Peer, job: PeerJob) -> SideTimes:
    run = await peer(job)
    step_s = {batch: statistics.median(each.step_s) for batch, each in run.trainings.items()}
    return SideTimes(step_s, run.queries.times_ns)
