"""Test digits as live sources, whose answers must be those of `splitwave infer`, digit for digit."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from splitwave.common.protocol.arrays import Float32
from splitwave.device.learning.views import load_views
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint
from tests.e2e.live.live_source import LiveSource, captures, feed_all
from tests.e2e.live.trained_model import TrainedModel
from tests.e2e.services import Services


class Comparison(NamedTuple):
    """The answers of the live sources beside those of `splitwave infer`.

    Attributes:
        queries: how many.
        equal: on how many all links got the expected answer.
        outcomes: how many parts had each outcome.
        exit_codes: of the devices.
        application_ms: (parts,) from the sample's submission to its answer, in milliseconds.
    """

    queries: int
    equal: int
    outcomes: Counter[str]
    exit_codes: list[int]
    application_ms: list[float]

    @property
    def passed(self) -> bool:
        """Whether every digit got its answer."""
        return self.equal == self.queries and not any(self.exit_codes)

    def __str__(self) -> str:
        """Lines for people."""
        p50, p99 = np.percentile(self.application_ms, (50, 99))
        outcomes = ", ".join(f"{name} {count}" for name, count in sorted(self.outcomes.items()))
        return (
            f"queries {self.queries}, equal to splitwave infer {self.equal}\n"
            f"outcomes of parts: {outcomes}\n"
            f"application to application: median {p50:.2f} ms, 99th percentile {p99:.2f} ms"
        )


class Served(NamedTuple):
    """The answers to live sources.

    Attributes:
        answers: of each link, the lines that its device wrote.
        exit_codes: of the devices.
    """

    answers: list[list[dict[str, Any]]]
    exit_codes: list[int]


def compare(
    model: TrainedModel,
    queries: int,
    *,
    rate_per_s: float,
    jitter_s: float,
    folder: Path,
    data_dir: Path | None,
    device_options: tuple[str, ...] = (),
    python: str | None = None,
) -> Comparison:
    """Serve the model, feed its devices, and compare."""
    expected = model.expected[:queries]
    views = views_of(model, [sample for sample, _ in expected], data_dir)
    served = serve_digits(
        model.folder,
        views,
        rate_per_s=rate_per_s,
        jitter_s=jitter_s,
        folder=folder,
        device_options=device_options,
        python=python,
    )
    return _compared(expected, served)


def serve_digits(
    model: Path,
    views: Sequence[Float32],
    *,
    rate_per_s: float,
    jitter_s: float,
    folder: Path,
    device_options: tuple[str, ...] = (),
    station_options: tuple[str, ...] = (),
    python: str | None = None,
) -> Served:
    """Start a base station, a channel emulator and a device of each view, and feed the devices.

    Args:
        model: a model folder.
        views: of each link, (N, features); sample n belongs to query n.
        rate_per_s: of the queries.
        jitter_s: largest deviation of a device's captures.
        folder: for logs.
        device_options: of each device.
        station_options: of the base station.
        python: the interpreter of the devices; None for this one.
    """
    with ExitStack() as stack:
        services = Services(folder, stack)
        _, address = services.serve("basestation", "splitwave.basestation", f"--serve={model}", *station_options)
        _, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
        sources = []
        for link in range(len(views)):
            part = model / f"device-{link}"
            source = LiveSource(uplink, part, *device_options, **({} if python is None else {"python": python}))
            stack.callback(source.kill)
            sources.append(source)
        captured = [captures(view, rate_per_s, jitter_s, seed=link) for link, view in enumerate(views)]
        codes = feed_all(sources, captured)
    return Served([source.answers for source in sources], codes)


def views_of(model: TrainedModel, samples: list[int], data_dir: Path | None) -> list[Float32]:
    """The view of each link, (samples, features), of test samples."""
    config = read_checkpoint(find_checkpoint(model.run)).config
    links = range(config.links)
    views = load_views(config, links, data_dir)
    return [views.of(link).test[samples] for link in links]


def _compared(expected: list[tuple[int, object]], served: Served) -> Comparison:
    answers = [answer for of_link in served.answers for answer in of_link]
    values: list[set[object]] = [set() for _ in expected]
    for answer in answers:
        values[answer["sequence"]].add(answer["value"])
    equal = sum(found == {answer} for found, (_, answer) in zip(values, expected, strict=True))
    outcomes = Counter(answer["outcome"] for answer in answers)
    application_ms = [sum(answer["hops_ns"].values()) / 1e6 for answer in answers]
    return Comparison(len(expected), equal, outcomes, served.exit_codes, application_ms)
