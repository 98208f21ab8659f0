"""`python -m tests.fuzz.streams`: damaged streams against a live base station and a live channel emulator.

The first devices of a run with two links are damaged; when all damaged streams are over, two honest devices come, and
the run must end with the weights of a run in one process.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
import torch

from splitwave.basestation.service.base_station import open_labels
from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.messages import Ready
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.experiments.inprocess_run import open_run
from tests.e2e.services import Process, Services
from tests.fuzz.mutation import mutated_bytes
from tests.fuzz.outcome import Outcome
from tests.fuzz.runs import join_runs
from tests.fuzz.scripts import damaged, valid_script
from tests.fuzz.stream_client import LIMIT_S, send_raw, send_script

T = TypeVar("T")

SETTINGS = """\
{links: 2, encoder: {dimension: 6}, quantizer: {breakpoints: 6, forward: straight-through},
 training: {epochs: 1}, inference: {latency_samples: 5}}
"""
LARGEST_GROWTH_BYTES = 20 << 20
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
_RAW_SHARE = 0.05


@dataclass(frozen=True)
class Live:
    """The two servers, their addresses, and what devices need to join."""

    services: Services
    folder: Path
    processes: dict[str, Process]
    addresses: dict[str, str]
    config: RunConfig
    ready: Ready


@contextmanager
def live(folder: Path) -> Iterator[Live]:
    """Start a base station and a channel emulator for a short run."""
    path = folder / "run.yaml"
    path.write_text(SETTINGS, encoding="utf-8")
    config = load_config(path, environment={})
    labels = open_labels(config, None)
    with ExitStack() as stack:
        services = Services(folder, stack)
        options = (f"--config={path}", f"--state={folder}", f"--summaries={folder / 'summaries'}")
        basestation, address = services.serve("base station", "splitwave.basestation", *options)
        channel, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
        processes, addresses = (basestation, channel), (address, uplink)
        ready = Ready(len(labels.train), len(labels.test), labels.data_digest)
        yield Live(services, folder, _named(processes), _named(addresses), config, ready)


def _named(values: tuple[T, T]) -> dict[str, T]:
    return dict(zip(("base station", "channel"), values, strict=True))


def run_streams(servers: Live, streams: int, seed: int) -> Outcome:
    """Send damaged streams one after the other, so that no run begins, then train honestly."""
    outcome = Outcome()
    _send_all(servers, streams, seed, outcome)
    _train(servers, outcome)
    for name in servers.processes:
        if "Traceback" in servers.services.log(name):
            outcome.faults.append(f"{name}: a traceback in its log")
    return outcome


def _send_all(servers: Live, streams: int, seed: int, outcome: Outcome) -> None:
    before: dict[str, int] = {}
    with ExitStack() as stack:
        grpc_channels = {
            name: stack.enter_context(grpc.insecure_channel(address, options=CLIENT_OPTIONS))
            for name, address in servers.addresses.items()
        }
        for number in range(streams):
            if number == streams // 10:
                before = {name: _resident_bytes(process) for name, process in servers.processes.items()}
            name = list(servers.addresses)[number % 2]
            _send(servers, name, grpc_channels[name], random.Random(f"{seed} stream {number}"), outcome)
    for name, process in servers.processes.items():
        if process.poll() is not None:
            outcome.faults.append(f"{name}: ended with {process.returncode}")
            continue
        growth = outcome.growth_bytes[name] = _resident_bytes(process) - before[name]
        if growth > LARGEST_GROWTH_BYTES:
            outcome.faults.append(f"{name}: grew by {growth >> 20} MB")


def _send(servers: Live, name: str, grpc_channel: grpc.Channel, rng: random.Random, outcome: Outcome) -> None:
    """Send one damaged stream, or one in twenty times a connection's beginning that is damaged itself."""
    if rng.random() < _RAW_SHARE:
        send_raw(servers.addresses[name], mutated_bytes(_PREFACE, rng) + rng.randbytes(rng.randrange(200)))
        outcome.statuses[name, "(no HTTP/2)"] += 1
        return
    kind, messages = damaged(valid_script(servers.config, servers.ready, f"fuzz-{rng.random()}"), rng)
    outcome.note(name, kind, *send_script(grpc_channel, messages, answered=1, breaks=rng.random() < 0.1))


def _train(servers: Live, outcome: Outcome) -> None:
    """Let two honest devices train, and compare the weights with those of a run in one process."""
    device = ("splitwave.device", f"--connect={servers.addresses['channel']}")
    devices = [
        servers.services.start(f"device-{link}", *device, f"--link={link}", f"--state={servers.folder / str(link)}")
        for link in range(servers.config.links)
    ]
    exits = [process.wait(10 * LIMIT_S) for process in (*devices, servers.processes["base station"])]
    servers.processes["channel"].send_signal(signal.SIGTERM)
    exits.append(servers.processes["channel"].wait(LIMIT_S))
    if any(exits):
        outcome.faults.append(f"the honest run ended with {exits}")
        return
    (summary,) = (servers.folder / "summaries").iterdir()
    trained = json.loads(summary.read_text(encoding="utf-8"))["weights_sha256"]
    if trained != (expected := _undisturbed_sha256(servers.config)):
        outcome.faults.append(f"the honest run has weights {trained}, the undisturbed one {expected}")


def _undisturbed_sha256(config: RunConfig) -> str:
    torch.set_num_threads(config.runtime.torch_threads)
    run = open_run(config, None)
    for _ in run.train(lambda _: None):
        pass
    return combined_sha256([*run.device_sha256, run.basestation_sha256])


def _resident_bytes(process: Process) -> int:
    return int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Print a table; 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=100, help="streams that are part of a run, which each may end")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, live(Path(folder)) as servers:
        outcome = run_streams(servers, options.streams, options.seed)
    join_runs(options.runs, options.seed, outcome)
    for (server, status), count in sorted(outcome.statuses.items()):
        print(f"{server:>12}  {status:<20} {count:>6,}")
    for server, growth in outcome.growth_bytes.items():
        print(f"{server:>12}  resident growth {growth / 2**20:.1f} MB")
    print("\n".join(outcome.faults) or "no crash, hang, traceback or status without a reason; the weights are equal")
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
