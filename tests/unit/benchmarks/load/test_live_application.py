"""An application of a benchmark, through a real socket to a device whose link answers without a network."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from splitwave.benchmarks.load.live_application import LiveLoad, submit_through_socket
from splitwave.benchmarks.readings.live_times import LIVE_HOPS
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.live_messages import Outcome
from splitwave.device.application.local_socket.server import AppServer
from splitwave.device.application.submitter import Submitter
from tests.unit.device.application.answering_link import AnsweringLink

SAMPLES = np.eye(10, dtype=np.float32)[[3, 1, 4]]


@pytest.fixture
def link() -> AnsweringLink:
    return AnsweringLink()


@pytest.fixture
def address(link: AnsweringLink, tmp_path: Path) -> Iterator[str]:
    found = f"unix:{tmp_path / 'device.sock'}"
    with AppServer(Submitter(link), found):
        yield found


def test_queries_are_named_and_submitted_one_by_one_and_those_of_the_warm_up_are_not_counted(
    link: AnsweringLink, address: str
) -> None:
    times = submit_through_socket(address, LiveLoad(2, stream=7, warm_up=2, queries=4, samples=SAMPLES))
    assert [(name.stream, name.sequence) for name, _ in link.submitted] == [(7, n) for n in range(6)]
    assert [int(x.argmax()) for _, x in link.submitted] == [3, 1, 4, 3, 1, 4]
    assert times.hops_ns.shape == (4, len(LIVE_HOPS))
    assert set(times.hops_ns[:, LIVE_HOPS.index("decode")]) == {200}
    assert (times.called_ns[1:] >= times.answered_ns[:-1]).all()
    assert np.array_equal(times.hops_ns.sum(axis=1), times.answered_ns - times.called_ns)


def test_an_answer_of_too_few_links_ends_the_benchmark(address: str) -> None:
    with pytest.raises(RunFailedError, match=r"came back as ANSWERED of links \(0, 1\): expected ANSWERED of 3 links"):
        submit_through_socket(address, LiveLoad(3, stream=0, warm_up=0, queries=1, samples=SAMPLES))


def test_a_query_without_an_answer_ends_the_benchmark(link: AnsweringLink, address: str) -> None:
    link.outcome = Outcome.TOO_FEW_LINKS
    with pytest.raises(RunFailedError, match="a live query of stream 5 came back as TOO_FEW_LINKS"):
        submit_through_socket(address, LiveLoad(2, stream=5, warm_up=0, queries=1, samples=SAMPLES))
