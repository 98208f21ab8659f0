"""The job in one process: all parties by direct calls, one graph, one optimiser."""

import torch

from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.peers.job import EpochClock, PeerJob, PeerRun, Queries, Training, ask_all, peer_run
from splitwave.benchmarks.peers.launch import within
from splitwave.benchmarks.peers.parties import PeerChannel, PeerDevice, PeerStation, ScheduledAdam, learning_rates
from splitwave.common.config.run_config import RunConfig


async def one_process(job: PeerJob, threads: int) -> PeerRun:
    """Do the job in a new process with this number of threads."""
    async with worker_process() as worker, within(job):
        return await worker.run(_run, job, threads)


def _run(job: PeerJob, threads: int) -> PeerRun:
    torch.set_num_threads(threads)
    return peer_run(job, [_train(job, config) for config in job.trainings], _answer(job))


def _train(job: PeerJob, config: RunConfig) -> Training:
    devices = [PeerDevice(job, config, link) for link in range(config.links)]
    channel, station = PeerChannel(job, config), PeerStation(job, config)
    weights = [each for party in (*devices, station.decoder) for each in party.parameters()]
    optimiser = ScheduledAdam(weights, learning_rates(job, config))
    plan = job.plan(config)
    clock = EpochClock(plan)
    for step in range(plan.steps):
        optimiser.zero_grad()
        received = [channel.transmit(link, step, device.symbols(step)) for link, device in enumerate(devices)]
        loss = station.loss(step, received) + sum(device.rate() for device in devices)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        clock.end_step()
    return station.training(clock.step_s)


def _answer(job: PeerJob) -> Queries:
    device, channel, station = _serving_parties(job)
    device.begin_queries()
    return ask_all(job, lambda number: station.answer(channel.query(number, device.query(number))))


def _serving_parties(job: PeerJob) -> tuple[PeerDevice, PeerChannel, PeerStation]:
    return PeerDevice(job, job.serving, 0), PeerChannel(job, job.serving), PeerStation(job, job.serving)
