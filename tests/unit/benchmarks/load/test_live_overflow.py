"""Streams of a benchmark whose source is faster than its device, over a link without a network."""

import numpy as np
import pytest

from splitwave.benchmarks.load.live_overflow import FACTOR, both_buffers
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.live_messages import Outcome
from splitwave.device.application.submitter import Submitter
from tests.unit.device.application.answering_link import AnsweringLink

SAMPLES = np.eye(10, dtype=np.float32)[[3, 1, 4]]


def test_every_sample_is_answered_or_dropped_and_has_a_name_of_its_own() -> None:
    link = AnsweringLink()
    blocking, dropping = both_buffers(Submitter(link), SAMPLES, 40)
    assert (blocking.offered, blocking.dropped, len(blocking.times_ns)) == (40, 0, 40)
    assert dropping.offered == FACTOR * 40
    assert dropping.offered == len(dropping.times_ns) + dropping.dropped
    assert (np.concatenate([blocking.times_ns, dropping.times_ns]) > 0).all()
    names = [(name.stream, name.sequence) for name, _ in link.submitted]
    assert len(set(names)) == len(names)
    assert [sequence for stream, sequence in names if stream == 1] == list(range(40))
    assert [int(x.argmax()) for name, x in link.submitted if name.stream == 1][:4] == [3, 1, 4, 3]


def test_a_query_without_an_answer_ends_the_benchmark() -> None:
    with pytest.raises(RunFailedError, match="came back as TOO_FEW_LINKS: expected ANSWERED"):
        both_buffers(Submitter(AnsweringLink(outcome=Outcome.TOO_FEW_LINKS)), SAMPLES, 4)
