"""The job with pickled tensors over blocking TCP sockets: a process for each party, and one for the channel."""

import pickle
import socket
import struct
from typing import Any

import torch
from torch import Tensor

from splitwave.benchmarks.peers.job import EpochClock, PeerJob, PeerRun, Queries, Training, ask_all, peer_run
from splitwave.benchmarks.peers.launch import party_processes, together, within
from splitwave.benchmarks.peers.parties import PeerChannel, PeerDevice, PeerStation, ScheduledAdam, learning_rates
from splitwave.common.config.run_config import RunConfig

_LENGTH = struct.Struct(">I")
_servers: list[socket.socket] = []
"""The server socket of this process, between `listen` and the party's own function."""

Outcome = list[Training] | Queries | None


async def pickle_tcp(job: PeerJob) -> PeerRun:
    """Do the job in new processes, which are connected as device – channel – base station."""
    async with party_processes(job.links + 2) as (station, channel, *devices), within(job):
        station_port, channel_port = await station.run(listen), await channel.run(listen)
        trainings, _, queries, *_ = await together(
            station.run(run_station, job),
            channel.run(run_channel, job, station_port),
            *(device.run(run_device, job, link, channel_port) for link, device in enumerate(devices)),
        )
    assert isinstance(trainings, list)
    assert isinstance(queries, Queries)
    return peer_run(job, trainings, queries)


class Connection:
    """Pickled objects over a TCP connection, each behind its length."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected

    @classmethod
    def to(cls, port: int) -> "Connection":
        """Connect to a port of this machine."""
        return cls(socket.create_connection(("127.0.0.1", port)))

    def send(self, message: object) -> None:
        """Send one object."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._socket.sendall(_LENGTH.pack(len(data)) + data)

    def receive(self) -> Any:
        """Wait for one object.

        Raises:
            ConnectionError: the other side closed the connection.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))

    def _read(self, length: int) -> bytearray:
        data = bytearray(length)
        view = memoryview(data)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                raise ConnectionError("the other side closed the connection")
            view = view[count:]
        return data


def listen() -> int:
    """Open the server socket of this process, and return its port."""
    _servers.append(socket.create_server(("127.0.0.1", 0)))
    port: int = _servers[0].getsockname()[1]
    return port


def _accept(links: int) -> list[Connection]:
    """The connections of all links in their order; each begins with the number of its link."""
    accepted = [Connection(_servers[0].accept()[0]) for _ in range(links)]
    by_link = {connection.receive(): connection for connection in accepted}
    return [by_link[link] for link in range(links)]


def run_device(job: PeerJob, link: int, port: int) -> Outcome:
    """Be a device; link 0 also asks the queries."""
    torch.set_num_threads(1)
    connection = Connection.to(port)
    connection.send(link)
    for config in job.trainings:
        _train_device(job, config, link, connection)
    if link:
        return None
    device = PeerDevice(job, job.serving, 0)
    device.begin_queries()

    def ask(number: int) -> int:
        connection.send(device.query(number))
        answer: int = connection.receive()
        return answer

    return ask_all(job, ask)


def _train_device(job: PeerJob, config: RunConfig, link: int, connection: Connection) -> None:
    device = PeerDevice(job, config, link)
    optimiser = ScheduledAdam(device.parameters(), learning_rates(job, config))
    for step in range(job.plan(config).steps):
        symbols = device.symbols(step)
        connection.send(symbols.detach())
        optimiser.zero_grad()
        rate = device.rate()  # while the others work
        torch.autograd.backward([symbols, rate], [connection.receive(), None])
        optimiser.step()


def run_channel(job: PeerJob, station_port: int) -> Outcome:
    """Be the channel of all links."""
    torch.set_num_threads(1)
    down = _accept(job.links)
    up = [Connection.to(station_port) for _ in down]
    for link, connection in enumerate(up):
        connection.send(link)
    for config in job.trainings:
        channel = PeerChannel(job, config)
        for step in range(job.plan(config).steps):
            for link, (device, station) in enumerate(zip(down, up, strict=True)):
                station.send(channel.transmit(link, step, device.receive()))
            for device, station in zip(down, up, strict=True):
                device.send(station.receive())
    channel = PeerChannel(job, job.serving)
    for number in job.all_queries:
        up[0].send(channel.query(number, down[0].receive()))
        down[0].send(up[0].receive())
    return None


def run_station(job: PeerJob) -> Outcome:
    """Be the base station."""
    torch.set_num_threads(1)
    links = _accept(job.links)
    trainings = [_train_station(job, config, links) for config in job.trainings]
    station = PeerStation(job, job.serving)
    for _ in job.all_queries:
        links[0].send(station.answer(links[0].receive()))
    return trainings


def _train_station(job: PeerJob, config: RunConfig, links: list[Connection]) -> Training:
    station, plan = PeerStation(job, config), job.plan(config)
    optimiser = ScheduledAdam(station.decoder.parameters(), learning_rates(job, config))
    clock = EpochClock(plan)
    for step in range(plan.steps):
        optimiser.zero_grad()
        received: list[Tensor] = [link.receive() for link in links]
        for link, gradient in zip(links, station.gradients(step, received), strict=True):
            link.send(gradient)
        optimiser.step()  # while the devices work
        clock.end_step()
    return station.training(clock.step_s)
