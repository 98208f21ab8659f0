import grpc
import pytest
from structlog.testing import capture_logs

from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.retry_log import REPEAT_S, RetryLog
from splitwave.common.runtime.rpc import CLIENT_OPTIONS

REFUSED = (
    "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: "
)


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_wait_is_logged_once_then_at_intervals_and_with_its_length_at_the_end() -> None:
    clock = Clock()
    waiting = RetryLog("the base station", clock)
    with capture_logs() as logs:
        for _ in range(int(REPEAT_S) + 2):
            waiting.failed("Connection refused")
            clock.now_s += 1.0
        waiting.succeeded()
        waiting.succeeded()
    assert logs == [
        {"event": "waiting for the base station", "reason": "Connection refused", "log_level": "warning"},
        {
            "event": "still waiting for the base station",
            "tries": 31,
            "waited_s": 30.0,
            "reason": "Connection refused",
            "log_level": "warning",
        },
        {"event": "connected after 33 tries, 32.0 s", "to": "the base station", "log_level": "info"},
    ]


def test_a_new_reason_is_logged_at_once_and_a_known_reason_is_not() -> None:
    waiting = RetryLog("the base station", Clock())
    with capture_logs() as logs:
        for reason in ("refused", "taken", "refused", "taken"):
            waiting.failed(reason)
    assert [entry["reason"] for entry in logs] == ["refused", "taken"]


def test_an_immediate_success_is_not_logged_and_a_second_wait_is() -> None:
    waiting = RetryLog("the base station", Clock())
    with capture_logs() as logs:
        waiting.succeeded()
        assert logs == []
        for _ in range(2):
            waiting.failed("refused")
            waiting.succeeded()
    assert [entry["event"] for entry in logs] == [
        "waiting for the base station",
        "connected after 2 tries, 0.0 s",
    ] * 2


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (f"{REFUSED}Connection refused", "Connection refused"),
        (f"{REFUSED}connect: Connection refused (111)", "Connection refused"),
        (
            "failed to connect to all addresses; last error: UNKNOWN: ipv6:%5B::1%5D:1: connection attempt timed out "
            "before receiving SETTINGS frame",
            "connection attempt timed out before receiving SETTINGS frame",
        ),
        (
            "errors resolving nohost.invalid:1: [field:hostname lookup error:address lookup failed for "
            "nohost.invalid:1: Domain name not found]",
            "Domain name not found",
        ),
        (
            "failed to connect to all addresses; last error: UNKNOWN: unix:/run/s.sock: connect: No such file or "
            "directory (2)",
            "No such file or directory",
        ),
        ("link 3 does not exist: links are [0, 1]", "link 3 does not exist: links are [0, 1]"),
        (
            "failed to connect to all addresses; last error: FAILED_PRECONDITION: unix:/run/s.sock: connect failed: "
            "addr: unix:/run/s.sock error: No such file or directory",
            "No such file or directory",
        ),
        (
            "failed to connect to all addresses; last error: FAILED_PRECONDITION: ipv6:%5Bfe80::1%251%5D:1: connect "
            "failed: addr: ipv6:%5Bfe80::1%251%5D:1 error: Network is unreachable",
            "Network is unreachable",
        ),
        (
            "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.0.0.9:1: Failed to connect to remote "
            "host: getsockopt(SO_ERROR): No route to host",
            "No route to host",
        ),
        (
            "errors resolving nohost.invalid:1: [field:hostname lookup error:Address lookup failed for "
            "nohost.invalid:1 os_error: Name or service not known syscall: getaddrinfo]",
            "Name or service not known",
        ),
        ("Socket closed", "Socket closed"),
        (None, "no reason given"),
    ],
)
def test_the_reason_is_extracted_from_the_message_of_grpc(details: str | None, reason: str) -> None:
    assert short_reason(details) == reason


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nohost.invalid:1", "unix:/nowhere/s.sock", "unix-abstract:nobody"])
def test_the_reasons_of_the_installed_grpc_are_shortened(address: str) -> None:
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = grpc_channel.unary_unary("/any/Method")
        with pytest.raises(grpc.RpcError) as error:
            method(b"", timeout=30)
    reason = short_reason(error.value.details())
    assert "last error" not in reason
    assert address not in reason
    assert len(reason) < 60
