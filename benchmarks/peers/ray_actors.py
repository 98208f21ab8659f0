"""The job with Ray actors for devices, channel and base station; the program that calls them is one more process.

Ray is an extra. It sends no usage statistics, opens no dashboard, listens on 127.0.0.1, and writes below a temporary
folder alone.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.peers.job import EpochClock, PeerJob, PeerRun, Queries, Training, ask_all, peer_run
from splitwave.benchmarks.peers.launch import within
from splitwave.benchmarks.peers.parties import PeerChannel, PeerDevice, PeerStation, ScheduledAdam, learning_rates
from splitwave.common.config.run_config import RunConfig

_OBJECT_STORE_BYTES = 128 << 20
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps the node at 127.0.0.1 on Linux, too
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AUTH_MODE": "token",
}


def ray_is_installed() -> bool:
    """Whether this environment has Ray."""
    return find_spec("ray") is not None


async def ray_actors(job: PeerJob) -> PeerRun:
    """Do the job in new processes, which Ray starts and stops."""
    with tempfile.TemporaryDirectory(prefix="splitwave-ray-", ignore_cleanup_errors=True) as folder:
        async with worker_process() as driver, within(job):
            return await driver.run(_drive, job, folder)


class RemoteDevice:
    """A device, which the driver calls."""

    def __init__(self, job: PeerJob, config: RunConfig, link: int) -> None:
        torch.set_num_threads(1)
        self._job = job
        self._device = PeerDevice(job, config, link)
        self._optimiser = ScheduledAdam(self._device.parameters(), learning_rates(job, config))

    def forward(self, step: int) -> Tensor:
        """The symbols of a batch, (B, d)."""
        self._optimiser.zero_grad()
        self._terms = self._device.symbols(step), self._device.rate()
        return self._terms[0].detach()

    def backward(self, gradient: Tensor) -> None:
        """Take a step, given ∂CE/∂z̃, (B, d)."""
        torch.autograd.backward(self._terms, [gradient, None])
        self._optimiser.step()

    def ask_all(self, channel: Any, station: Any) -> Queries:
        """Ask all queries."""
        import ray  # noqa: PLC0415 — an extra

        self._device.begin_queries()

        def ask(number: int) -> int:
            received = channel.query.remote(number, self._device.query(number))
            answer: int = ray.get(station.answer.remote(received))
            return answer

        return ask_all(self._job, ask)


class RemoteChannel:
    """The channel of all links."""

    def __init__(self, job: PeerJob, config: RunConfig) -> None:
        torch.set_num_threads(1)
        self._channel = PeerChannel(job, config)

    def transmit(self, link: int, step: int, symbols: Tensor) -> Tensor:
        """See `PeerChannel.transmit`."""
        return self._channel.transmit(link, step, symbols)

    def query(self, number: int, symbols: Tensor) -> Tensor:
        """See `PeerChannel.query`."""
        return self._channel.query(number, symbols)

    def carry_back(self, gradient: Tensor) -> Tensor:
        """The gradient, on its way to a device."""
        return gradient


class RemoteStation:
    """The base station."""

    def __init__(self, job: PeerJob, config: RunConfig) -> None:
        torch.set_num_threads(1)
        self._station = PeerStation(job, config)
        self._optimiser = ScheduledAdam(self._station.decoder.parameters(), learning_rates(job, config))

    def step(self, step: int, *received: Tensor) -> list[Tensor]:
        """Take a step, and return ∂CE/∂ẑ of each link, (B, d)."""
        self._optimiser.zero_grad()
        gradients = self._station.gradients(step, received)
        self._optimiser.step()
        return gradients

    def training(self, step_s: tuple[float, ...]) -> Training:
        """See `PeerStation.training`."""
        return self._station.training(step_s)

    def answer(self, received: Tensor) -> int:
        """See `PeerStation.answer`."""
        return self._station.answer(received)


def _drive(job: PeerJob, folder: str) -> PeerRun:
    with _ray(job, folder) as ray:

        def actor(kind: type, *args: object) -> Any:
            return ray.remote(num_cpus=1)(kind).remote(job, *args)

        trainings = [_train(job, config, ray, actor) for config in job.trainings]
        device, channel, station = (
            actor(RemoteDevice, job.serving, 0),
            actor(RemoteChannel, job.serving),
            actor(RemoteStation, job.serving),
        )
        return peer_run(job, trainings, ray.get(device.ask_all.remote(channel, station)))


@contextmanager
def _ray(job: PeerJob, folder: str) -> Iterator[Any]:
    os.environ |= {**_ENVIRONMENT, "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # else Ray writes one to the home folder
    import ray  # noqa: PLC0415 — an extra

    ray.init(
        num_cpus=job.links + 2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=_OBJECT_STORE_BYTES,
        _node_ip_address="127.0.0.1",
        _temp_dir=folder,
    )
    try:
        yield ray
    finally:
        ray.shutdown()


def _train(job: PeerJob, config: RunConfig, ray: Any, actor: Callable[..., Any]) -> Training:
    devices = [actor(RemoteDevice, config, link) for link in range(config.links)]
    channel, station = actor(RemoteChannel, config), actor(RemoteStation, config)
    plan = job.plan(config)
    clock = EpochClock(plan)
    for step in range(plan.steps):
        symbols = [device.forward.remote(step) for device in devices]
        received = [channel.transmit.remote(link, step, each) for link, each in enumerate(symbols)]
        gradients = station.step.options(num_returns=config.links).remote(step, *received)
        returned = [channel.carry_back.remote(each) for each in gradients]
        ray.get([device.backward.remote(each) for device, each in zip(devices, returned, strict=True)])
        clock.end_step()
    training: Training = ray.get(station.training.remote(clock.step_s))
    return training
