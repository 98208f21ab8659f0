"""The job with `torch.distributed.rpc`, distributed autograd and its optimiser; the base station drives."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.distributed import autograd, rpc

from splitwave.benchmarks.peers.job import EpochClock, PeerJob, PeerRun, Queries, Training, ask_all, peer_run
from splitwave.benchmarks.peers.launch import party_processes, together, within
from splitwave.benchmarks.peers.parties import PeerChannel, PeerDevice, PeerStation, ScheduledAdam, learning_rates
from splitwave.common.config.run_config import RunConfig

T = TypeVar("T")

_STATION, _CHANNEL = "station", "channel"


async def torch_rpc(job: PeerJob) -> PeerRun:
    """Do the job in new processes; all but the base station only serve."""
    names = [_STATION, _CHANNEL, *(f"device-{link}" for link in range(job.links))]
    with tempfile.TemporaryDirectory(prefix="splitwave-rpc-") as folder:
        async with party_processes(len(names)) as workers, within(job):
            meeting = Path(folder) / "rendezvous"
            parties = enumerate(zip(workers, names, strict=True))
            run, *_ = await together(
                *(worker.run(take_part, job, meeting, rank, names) for rank, (worker, _) in parties)
            )
    assert run is not None
    return run


def take_part(job: PeerJob, meeting: Path, rank: int, names: list[str]) -> PeerRun | None:
    """Be one party; rank 0 is the base station, which returns the outcome."""
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = os.environ["TP_SOCKET_IFNAME"] = "lo"
    options = rpc.TensorPipeRpcBackendOptions(init_method=meeting.as_uri(), rpc_timeout=job.limit_s)
    rpc.init_rpc(  # type: ignore[no-untyped-call]
        names[rank], rank=rank, world_size=len(names), rpc_backend_options=options
    )
    run = None if rank else _drive(job)
    rpc.shutdown(timeout=job.limit_s)
    return run


def call(method: Callable[..., T], target: "rpc.RRef[Any]", *arguments: object) -> T:
    """Call a method of an object where it lives, and wait for the result."""
    result: T = rpc.rpc_sync(target.owner(), _invoke, (method, target, *arguments))
    return result


def _invoke(method: Callable[..., T], target: "rpc.RRef[Any]", *arguments: object) -> T:
    return method(target.local_value(), *arguments)


class RemoteDevice:
    """A device, which others call."""

    def __init__(self, job: PeerJob, config: RunConfig, link: int) -> None:
        self._job = job
        self._device = PeerDevice(job, config, link)

    def forward(self, step: int) -> tuple[Tensor, Tensor]:
        """The symbols of a batch, (B, d), and β times their rate."""
        return self._device.symbols(step), self._device.rate()

    def parameters(self) -> list["rpc.RRef[Tensor]"]:
        """References to the weights."""
        return [rpc.RRef(weights) for weights in self._device.parameters()]

    def ask_all(self, channel: "rpc.RRef[RemoteChannel]") -> Queries:
        """Ask all queries."""
        self._device.begin_queries()

        def ask(number: int) -> int:
            return call(RemoteChannel.answer, channel, number, self._device.query(number))

        return ask_all(self._job, ask)


class RemoteChannel:
    """The channel, through which the base station calls the devices, and a device the base station."""

    def __init__(self, job: PeerJob, config: RunConfig, station: "rpc.RRef[PeerStation]") -> None:
        self._channel = PeerChannel(job, config)
        self._station = station

    def forward(self, link: int, device: "rpc.RRef[RemoteDevice]", step: int) -> tuple[Tensor, Tensor]:
        """The symbols of a batch as the base station receives them, and the device's term of the objective."""
        symbols, rate = call(RemoteDevice.forward, device, step)
        return self._channel.transmit(link, step, symbols), rate

    def answer(self, number: int, symbols: Tensor) -> int:
        """The base station's answer to a query."""
        return call(PeerStation.answer, self._station, self._channel.query(number, symbols))


def _drive(job: PeerJob) -> PeerRun:
    trainings = [_train(job, config) for config in job.trainings]
    station = rpc.RRef(PeerStation(job, job.serving))
    channel = rpc.remote(_CHANNEL, RemoteChannel, (job, job.serving, station))
    device = rpc.remote("device-0", RemoteDevice, (job, job.serving, 0))
    return peer_run(job, trainings, call(RemoteDevice.ask_all, device, channel))


def _train(job: PeerJob, config: RunConfig) -> Training:
    from torch.distributed.optim import DistributedOptimizer  # noqa: PLC0415 — it compiles optimisers, and warns

    station = PeerStation(job, config)
    devices = [rpc.remote(f"device-{link}", RemoteDevice, (job, config, link)) for link in range(config.links)]
    channel = rpc.remote(_CHANNEL, RemoteChannel, (job, config, rpc.RRef(station)))
    weights = [each for device in devices for each in call(RemoteDevice.parameters, device)]
    weights += [rpc.RRef(each) for each in station.decoder.parameters()]
    optimiser = DistributedOptimizer(  # type: ignore[no-untyped-call]
        ScheduledAdam, weights, learning_rates(job, config)
    )
    plan = job.plan(config)
    clock = EpochClock(plan)
    for step in range(plan.steps):
        with autograd.context() as context:
            # Not `channel.rpc_async()`: its first call leaves the thread, and with it the context.
            calls = [
                rpc.rpc_async(_CHANNEL, _invoke, (RemoteChannel.forward, channel, link, device, step))
                for link, device in enumerate(devices)
            ]
            received, rates = zip(*(call.wait() for call in calls), strict=True)
            loss = station.loss(step, received) + sum(rates)
            autograd.backward(context, [loss])  # type: ignore[attr-defined] # not in its stubs
            optimiser.step(context)  # type: ignore[no-untyped-call]
        clock.end_step()
    return station.training(clock.step_s)
