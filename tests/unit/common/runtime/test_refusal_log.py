"""Refused calls are logged once for each kind, and all are counted."""

from structlog.testing import capture_logs

from splitwave.common.runtime import refusal_log
from splitwave.common.runtime.refusal_log import RefusalLog


def test_the_first_of_a_kind_is_logged_and_every_tenfold() -> None:
    refusals = RefusalLog()
    with capture_logs() as logs:
        for port in range(100):
            refusals.note("device a", "revoked", f"ipv4:10.0.0.1:{port}")
        refusals.note("device b", "revoked", "ipv4:10.0.0.2:1")
    assert [(line["party"], line["times"]) for line in logs] == [
        ("device a", 1), ("device a", 10), ("device a", 100), ("device b", 1)
    ]  # fmt: skip
    assert refusals.total == 101
    assert refusals.counts["device a", "revoked"] == 100


def test_kinds_without_end_need_bounded_memory() -> None:
    refusals = RefusalLog()
    with capture_logs():
        for number in range(3 * refusal_log.MOST_KINDS):
            refusals.note("device a", f"reason {number}", "peer")
    assert len(refusals.counts) == refusal_log.MOST_KINDS + 1
    assert refusals.total == 3 * refusal_log.MOST_KINDS
