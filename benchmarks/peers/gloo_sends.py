"""The job with `torch.distributed` over gloo: blocking send and recv between devices, channel and base station."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor, distributed

from splitwave.benchmarks.peers.job import EpochClock, PeerJob, PeerRun, Queries, Training, ask_all, peer_run
from splitwave.benchmarks.peers.launch import party_processes, together, within
from splitwave.benchmarks.peers.parties import PeerChannel, PeerDevice, PeerStation, ScheduledAdam, learning_rates
from splitwave.common.config.run_config import RunConfig

Outcome = list[Training] | Queries | None


async def gloo_sends(job: PeerJob) -> PeerRun:
    """Do the job in new processes. Ranks are parties: devices 0 to K − 1, base station K, channel K + 1."""
    with tempfile.TemporaryDirectory(prefix="splitwave-gloo-") as folder:
        async with party_processes(job.links + 2) as workers, within(job):
            meeting = Path(folder) / "rendezvous"
            parties = [run_device] * job.links + [run_station, run_channel]
            ranks = enumerate(zip(workers, parties, strict=True))
            queries, *_, trainings, _ = await together(
                *(worker.run(party, job, meeting, rank) for rank, (worker, party) in ranks)
            )
    assert isinstance(trainings, list)
    assert isinstance(queries, Queries)
    return peer_run(job, trainings, queries)


@contextmanager
def _group(job: PeerJob, meeting: Path, rank: int) -> Iterator[None]:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    limit = timedelta(seconds=job.limit_s)
    distributed.init_process_group(
        "gloo", init_method=meeting.as_uri(), rank=rank, world_size=job.links + 2, timeout=limit
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _received(shape: tuple[int, int], source: int, link: int) -> Tensor:
    block = torch.empty(shape)
    distributed.recv(block, source, tag=link)
    return block


def run_device(job: PeerJob, meeting: Path, link: int) -> Outcome:
    """Be a device; link 0 also asks the queries, and has the answers from the base station without the channel."""
    with _group(job, meeting, link):
        for config in job.trainings:
            _train_device(job, config, link)
        if link:
            return None
        device, answer = PeerDevice(job, job.serving, 0), torch.empty(1, dtype=torch.int64)
        device.begin_queries()

        def ask(number: int) -> int:
            distributed.send(device.query(number), job.links + 1, tag=0)
            distributed.recv(answer, job.links)
            return int(answer)

        return ask_all(job, ask)


def _train_device(job: PeerJob, config: RunConfig, link: int) -> None:
    device, channel = PeerDevice(job, config, link), job.links + 1
    optimiser = ScheduledAdam(device.parameters(), learning_rates(job, config))
    for step in range(job.plan(config).steps):
        symbols = device.symbols(step)
        distributed.send(symbols.detach(), channel, tag=link)
        optimiser.zero_grad()
        rate = device.rate()  # while the others work
        gradient = _received((len(symbols), config.encoder.dimension), channel, link)
        torch.autograd.backward([symbols, rate], [gradient, None])
        optimiser.step()


def run_channel(job: PeerJob, meeting: Path, rank: int) -> Outcome:
    """Be the channel of all links."""
    with _group(job, meeting, rank):
        for config in job.trainings:
            channel, plan = PeerChannel(job, config), job.plan(config)
            for step in range(plan.steps):
                shape = plan.batch_size(step), config.encoder.dimension
                for link in range(job.links):
                    distributed.send(channel.transmit(link, step, _received(shape, link, link)), job.links, tag=link)
                for link in range(job.links):
                    distributed.send(_received(shape, job.links, link), link, tag=link)
        channel = PeerChannel(job, job.serving)
        for number in job.all_queries:
            symbols = _received((1, job.serving.encoder.dimension), 0, 0)
            distributed.send(channel.query(number, symbols), job.links, tag=0)
    return None


def run_station(job: PeerJob, meeting: Path, rank: int) -> Outcome:
    """Be the base station."""
    with _group(job, meeting, rank):
        trainings = [_train_station(job, config) for config in job.trainings]
        station = PeerStation(job, job.serving)
        for _ in job.all_queries:
            symbols = _received((1, job.serving.encoder.dimension), rank + 1, 0)
            distributed.send(torch.tensor([station.answer(symbols)]), 0)
    return trainings


def _train_station(job: PeerJob, config: RunConfig) -> Training:
    station, plan, channel = PeerStation(job, config), job.plan(config), job.links + 1
    optimiser = ScheduledAdam(station.decoder.parameters(), learning_rates(job, config))
    clock = EpochClock(plan)
    for step in range(plan.steps):
        optimiser.zero_grad()
        shape = plan.batch_size(step), config.encoder.dimension
        received = [_received(shape, channel, link) for link in range(job.links)]
        for link, gradient in enumerate(station.gradients(step, received)):
            distributed.send(gradient, channel, tag=link)
        optimiser.step()  # while the devices work
        clock.end_step()
    return station.training(clock.step_s)
