"""A token bucket admits a burst, and then as many calls a second as its rate says."""

from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.runtime.call_rates import CallRate, TokenBucket

RATE = CallRate(per_s=2.0, burst=3)


def admitted(bucket: TokenBucket, calls: int, now_s: float) -> int:
    return sum(bucket.admits(now_s) for _ in range(calls))


def test_a_full_bucket_admits_a_burst_and_no_more() -> None:
    assert admitted(TokenBucket(RATE, now_s=100.0), 10, 100.0) == 3


def test_tokens_come_back_with_time_up_to_a_burst() -> None:
    bucket = TokenBucket(RATE, now_s=0.0)
    assert admitted(bucket, 10, 0.0) == 3
    assert admitted(bucket, 10, 0.25) == 0  # half a token
    assert admitted(bucket, 10, 0.5) == 1  # the other half: refusals take none
    assert admitted(bucket, 10, 1_000.0) == 3


@given(st.lists(st.floats(0, 1), max_size=200))
def test_no_sequence_of_calls_is_admitted_faster_than_the_rate(gaps_s: list[float]) -> None:
    bucket, now_s, calls = TokenBucket(RATE, now_s=0.0), 0.0, 0
    for gap_s in gaps_s:
        now_s += gap_s
        calls += bucket.admits(now_s)
    assert calls <= RATE.burst + RATE.per_s * now_s + 1e-6
