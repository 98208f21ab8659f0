"""How soon a service answers its health check after its process was started: `python -m benchmarks.startup`."""

import argparse
import os
import statistics
import subprocess
import sys
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from common.rpc import CLIENT_OPTIONS
from testbed.provenance import cpu_model

COMMANDS = {
    "channel": ["channel", "--listen=127.0.0.1:0", "--connect=127.0.0.1:1"],
    "basestation": ["basestation", "--listen=127.0.0.1:0"],
}


def seconds_to_health(command: list[str]) -> float:
    """From just before a process starts to its answer SERVING; it is ended afterwards."""
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


def main() -> None:
    """Print the median and the range of several starts of each service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    repetitions = parser.parse_args().repetitions
    print(f"{cpu_model()}, {os.cpu_count()} cores; process start to health check SERVING, {repetitions} starts each")
    for role, command in COMMANDS.items():
        seconds = [seconds_to_health(command) for _ in range(repetitions)]
        print(f"{role:12} median {statistics.median(seconds):.2f} s   range {min(seconds):.2f} to {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
