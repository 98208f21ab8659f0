"""Time from process start to the first symbol and to the health check, and the resident memory by its origin."""

import asyncio
import os
import subprocess
import sys
import time
from statistics import median

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from splitwave.benchmarks.load.device_start import device_start_s
from splitwave.benchmarks.load.testbed_load import loaded_testbed
from splitwave.benchmarks.machine.import_memory import LADDER, resident_mib
from splitwave.benchmarks.machine.processes import memory_of, memory_table
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.common.runtime.rpc import CLIENT_OPTIONS

_LINKS = 2
COMMANDS = {
    "channel": ["splitwave.channel", "--listen=127.0.0.1:0", "--connect=127.0.0.1:1"],
    "basestation": ["splitwave.basestation", "--listen=127.0.0.1:0"],
}


async def startup(bench: Bench) -> Report:
    """Time the starts of the processes one after another, then measure memory."""
    report = bench.begin("startup", {"links": _LINKS, "starts": bench.scope.starts})
    report.record_config("testbed", short_run(_LINKS))
    await _time_starts(bench, report)
    await _measure_memory(bench, report)
    return report


async def _time_starts(bench: Bench, report: Report) -> None:
    config = short_run(_LINKS)
    starts = [
        await device_start_s(config, bench.folder / f"start-{number}", bench.data_dir)
        for number in range(bench.scope.starts)
    ]
    for kind, quantity in (("hello", "to_hello"), ("ready", "to_ready"), ("block", "to_first_symbols")):
        report.add(f"device.{quantity}", "s", [start[kind] for start in starts])
    for role, command in COMMANDS.items():
        seconds = [await asyncio.to_thread(seconds_to_health, command) for _ in range(bench.scope.starts)]
        report.add(f"{role}.to_health", "s", seconds)


async def _measure_memory(bench: Bench, report: Report) -> None:
    steps = {
        name: [await asyncio.to_thread(resident_mib, imports) for _ in range(bench.scope.starts)]
        for name, imports in LADDER.items()
    }
    for name, values in steps.items():
        report.add(f"memory.after_{name}", "MiB", values)
    torch_mib = median(steps["torch"]) - median(steps["grpc"])
    report.add("memory.torch_alone", "MiB", [torch_mib])
    folder = bench.folder / "memory"
    async with loaded_testbed(short_run(_LINKS), folder, bench.data_dir, one_device_process=False) as testbed:
        memories = {role: memory_of(pid) for role, pid in testbed.pids.items()}
    for role, memory in memories.items():
        report.add(f"memory.{role}.resident", "MiB", [memory.resident_mib])
        if role != "channel":  # the channel emulator does not import torch
            report.add(f"memory.{role}.share_of_torch", "x", [torch_mib / memory.resident_mib])
    report.tables.append(f"a testbed of {_LINKS} links, trained for an epoch and idle\n{memory_table(memories)}")


def seconds_to_health(command: list[str]) -> float:
    """Return the seconds from just before the start of a process to its health answer SERVING; then stop it."""
    read_fd, write_fd = os.pipe()
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", *command, f"--ready-fd={write_fd}"],
        pass_fds=(write_fd,),
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            os.close(write_fd)
            with os.fdopen(read_fd) as ready:
                address = ready.readline().strip()
            with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
                stub = health_pb2_grpc.HealthStub(grpc_channel)
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)
                seconds = time.perf_counter() - started
        finally:
            process.terminate()
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise RuntimeError(f"{command[0]} answered {answer.status}")
    return seconds
