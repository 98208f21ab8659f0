"""Trains, then answers queries at half the highest rate, and checks that no process grows.

python -m tests.e2e.soak --minutes 20
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from splitwave.benchmarks.load.load_pass import LoadPass
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.workload import MAX_QUERIES, MAX_WINDOW, Workload
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import measure
from tests.e2e.chaos.by_hand import ByHand
from tests.e2e.soak.readings import Reading, read_process
from tests.e2e.soak.slopes import slopes, table

EPOCHS_PER_MINUTE = 30
"""Epochs of training per minute of the soak: about half of it."""
CHECKPOINT_EVERY = 50
LINKS = 2
LOAD_S = 20.0
"""Seconds of one workload, or a tenth of the soak."""
FIRST_QUERIES = 2_000
SHARES = tuple(tenths / 10 for tenths in range(1, 11))
IN_TIME_MS = 25.0
"""Latency that 99 % of the queries must not exceed at the highest rate, as in `splitwave bench throughput`."""
READINGS = 240
"""Readings of each process in the soak, but at most one per second."""


class Soak:
    """A testbed that is read at intervals, in one phase after the other."""

    def __init__(self, testbed: ByHand, minutes: float) -> None:
        self._testbed = testbed
        self._started = time.monotonic()
        self._interval_s = max(1.0, minutes * 60 / READINGS)
        self.readings: defaultdict[tuple[str, str], list[Reading]] = defaultdict(list)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    @asynccontextmanager
    async def phase(self, name: str) -> AsyncIterator[None]:
        """Read all processes during the context."""
        reading = asyncio.create_task(self._read(name))
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def restarted(self) -> list[str]:
        """Parties that ended and were started again, which nothing in a soak should make them do."""
        return [name for name, party in self._testbed.parties.items() if party.starts > 1]

    async def _read(self, phase: str) -> None:
        while True:
            for name, party in self._testbed.parties.items():
                if party.pid is not None:
                    self.readings[phase, name].append(read_process(party.pid, party.tasks(), self.elapsed_s))
            await asyncio.sleep(self._interval_s)


async def _soak(minutes: float, folder: Path) -> Soak:
    config = RunConfig.model_validate(
        {
            "links": LINKS,
            "encoder": {"dimension": 8},
            "training": {"epochs": max(2, round(EPOCHS_PER_MINUTE * minutes))},
            "inference": {"latency_samples": 20},
        }
    )
    testbed = ByHand(config, folder, checkpoint_every=CHECKPOINT_EVERY)
    try:
        basestation = await testbed.start_basestation("--serve-every=inf")
        channel = await testbed.start_channel(basestation)
        for link in range(LINKS):
            await testbed.start_device(link, channel)
        soak = Soak(testbed, minutes)
        async with soak.phase("training"):
            await _until_serving(testbed)
        print(f"trained for {soak.elapsed_s:.0f} s", flush=True)
        await _serve(soak, basestation, minutes)
    finally:
        await testbed.stop()
    return soak


async def _until_serving(testbed: ByHand) -> None:
    while (status := await testbed.status()) is None or status.stage != pb.STAGE_SERVING:
        if status is not None and status.failure:
            raise SystemExit(f"the run failed: {status.failure}")
        await asyncio.sleep(1.0)


async def _serve(soak: Soak, basestation: str, minutes: float) -> None:
    """Measure the highest rate, and answer queries at half of it for the rest of the time, and half of it at least."""
    seconds = min(LOAD_S, 6 * minutes)
    rate = await _highest_rate(basestation, seconds / 4) / 2
    queries = max(1, min(MAX_QUERIES, round(rate * seconds)))
    until_s = max(60 * minutes, soak.elapsed_s + 30 * minutes)
    passes = 0
    async with soak.phase("serving"):
        while soak.elapsed_s < until_s:
            await measure(basestation, Workload(queries, 1, 1, rate, passes))
            passes += 1
    print(f"answered {passes * queries} queries per link, {rate:.0f} per second, half the highest rate", flush=True)


async def _highest_rate(basestation: str, pass_s: float) -> float:
    """Queries per second of an open loop whose answers come in time: the last of rising shares of a closed loop's rate.

    A closed loop whose window is full sends many queries in one message, and is faster than any open loop.
    """
    closed = Workload(FIRST_QUERIES, 1, MAX_WINDOW, 0.0, 0)
    await measure(basestation, closed)  # warms up
    closed_rate = LoadPass(closed, await measure(basestation, closed)).queries_per_s
    highest = SHARES[0] * closed_rate
    for share in SHARES:
        rate = share * closed_rate
        workload = Workload(max(FIRST_QUERIES // 10, round(rate * pass_s)), 1, 1, rate, 0)
        if LoadPass(workload, await measure(basestation, workload)).latency_ms(99) > IN_TIME_MS:
            break
        highest = rate
    return highest


def main() -> int:
    """Print the table; 0 if every process is flat."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, metavar="M", help="of the soak")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep logs and checkpoints there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="splitwave-soak-") as temporary:
        soak = asyncio.run(_soak(options.minutes, options.folder or Path(temporary, "soak")))
    rows = [slopes(process, phase, readings) for (phase, process), readings in soak.readings.items()]
    print(f"\n{table(rows)}")
    if restarted := soak.restarted():
        print(f"ended and started again: {', '.join(restarted)}")
    flat = all(row.is_flat for row in rows) and not restarted
    print("flat" if flat else "not flat")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
