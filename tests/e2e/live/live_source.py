"""A device process that is fed samples in its own time, as from a sensor, and whose answers are read."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.arrays import Float32
from tests.installed_command import ENVIRONMENT
from tests.limits import LIMIT_S


class Capture(NamedTuple):
    """A sample and the time at which a sensor has it.

    Attributes:
        at_s: seconds from the start of the source.
        sequence: of the query.
        sample: (features,) float32.
    """

    at_s: float
    sequence: int
    sample: Float32


def captures(samples: Float32, rate_per_s: float, jitter_s: float, seed: int) -> list[Capture]:
    """Samples at a fixed rate, each up to `jitter_s` early or late, in the order in which a sensor has them.

    Args:
        samples: (N, features); sample n belongs to query n.
        rate_per_s: of the queries.
        jitter_s: largest deviation; beyond half a period captures overtake each other.
        seed: of the deviations.
    """
    deviations: NDArray[np.float64] = np.random.default_rng(seed).uniform(-jitter_s, jitter_s, len(samples))
    times = jitter_s + np.arange(len(samples)) / rate_per_s + deviations
    return sorted(Capture(float(at), number, samples[number]) for number, at in enumerate(times))


class LiveSource:
    """One device with its feeder.

    Attributes:
        answers: the lines that it wrote, decoded.
    """

    def __init__(self, uplink: str, model: Path, *options: str, python: str = sys.executable) -> None:
        """Start the device.

        Args:
            uplink: address of the channel emulator or base station.
            model: folder of its part.
            options: more of them.
            python: the interpreter that runs it.
        """
        arguments = [f"--connect={uplink}", f"--model={model}", "--source=stdin", "--out=-", *options]
        self._process = subprocess.Popen(
            [python, "-m", "splitwave.device", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        self.answers: list[dict[str, Any]] = []
        self._came = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process number of the device."""
        return self._process.pid

    def feed(self, captured: Sequence[Capture], start_s: float) -> None:
        """Hand each sample over at its time after `start_s` on `time.monotonic`; the source ends with the last."""
        assert self._process.stdin is not None  # it is a pipe
        nothing = threading.Event()
        for capture in captured:
            nothing.wait(max(0.0, start_s + capture.at_s - time.monotonic()))
            line = {"x": capture.sample.tolist(), "sequence": capture.sequence}
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
        self._process.stdin.close()

    def wait(self) -> int:
        """Wait for the end of the device; returns its exit code."""
        code = self._process.wait(LIMIT_S)
        self._reader.join()
        return code

    def wait_for_answers(self, count: int) -> None:
        """Wait until the device has given `count` answers, or has ended."""
        with self._came:
            self._came.wait_for(lambda: len(self.answers) >= count or self._process.poll() is not None, LIMIT_S)

    def kill(self) -> None:
        """End the device at once, if it has not ended."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None  # it is a pipe
        with self._process.stdout as lines:
            for line in lines:
                with self._came:
                    self.answers.append(json.loads(line))
                    self._came.notify_all()
        with self._came:
            self._came.notify_all()


def feed_all(sources: Sequence[LiveSource], captured: Iterable[Sequence[Capture]]) -> list[int]:
    """Feed all sources at the same time, each in its own; returns their exit codes."""
    start_s = time.monotonic()
    feeders = [
        threading.Thread(target=source.feed, args=(of_source, start_s))
        for source, of_source in zip(sources, captured, strict=True)
    ]
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    return [source.wait() for source in sources]
