"""The usage of containers, from answers of Docker engines reduced to the entries that are read."""

from typing import Any

import pytest

from splitwave.testbed.compose.usage import Meter, Reading, cpu_percent, reading_from_statistics

CGROUP_V1: dict[str, Any] = {  # engine 20.10
    "read": "2026-11-22T01:31:48.850984497Z",
    "cpu_stats": {
        "cpu_usage": {"total_usage": 92411635, "percpu_usage": [77916138, 14495497]},
        "system_cpu_usage": 24293190000000,
        "online_cpus": 2,
    },
    "precpu_stats": {"cpu_usage": {"total_usage": 0}},
    "memory_stats": {
        "usage": 8658944,
        "max_usage": 9068544,
        "stats": {"cache": 4096, "inactive_file": 1024, "total_inactive_file": 4096},
        "limit": 25276502016,
    },
    "networks": {"eth0": {"rx_bytes": 200, "tx_bytes": 20}, "eth1": {"rx_bytes": 3, "tx_bytes": 4}},
}
CGROUP_V2: dict[str, Any] = {
    **CGROUP_V1,
    "cpu_stats": {"cpu_usage": {"total_usage": 92411000}, "system_cpu_usage": 24293190000000, "online_cpus": 2},
    "memory_stats": {"usage": 8658944, "stats": {"file": 8192, "inactive_file": 6144}, "limit": 25276502016},
}
ENDED: dict[str, Any] = {
    "read": "0001-01-01T00:00:00Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 0}},
    "precpu_stats": {"cpu_usage": {"total_usage": 0}},
    "memory_stats": {},
}


@pytest.mark.parametrize(
    ("statistics", "reading"),
    [
        pytest.param(CGROUP_V1, Reading(92411635, 8658944 - 4096, 203, 24), id="cgroup v1"),
        pytest.param(CGROUP_V2, Reading(92411000, 8658944 - 6144, 203, 24), id="cgroup v2"),
    ],
)
def test_a_reading_leaves_the_page_cache_out_and_sums_the_networks(
    statistics: dict[str, Any], reading: Reading
) -> None:
    assert reading_from_statistics(statistics) == reading


def test_a_container_that_does_not_run_has_no_reading() -> None:
    assert reading_from_statistics(ENDED) is None


@pytest.mark.parametrize("statistics", [{**CGROUP_V1, "networks": None}, {**CGROUP_V1, "networks": {}}])
def test_a_container_without_a_network_has_received_nothing(statistics: dict[str, Any]) -> None:
    reading = reading_from_statistics(statistics)

    assert reading is not None
    assert (reading.network_rx_bytes, reading.network_tx_bytes) == (0, 0)


def test_cpu_is_a_share_of_one_processor() -> None:
    # Half a second of work within one second, during which the machine's two processors did two.
    now = {"cpu_usage": {"total_usage": 1_500_000_000}, "system_cpu_usage": 12_000_000_000, "online_cpus": 2}
    before = {"cpu_usage": {"total_usage": 1_000_000_000}, "system_cpu_usage": 10_000_000_000}

    assert cpu_percent({"cpu_stats": now, "precpu_stats": before}) == pytest.approx(50.0, rel=1e-12)


def test_cpu_without_an_earlier_reading_is_zero() -> None:
    assert cpu_percent(ENDED) == 0.0


def test_a_meter_takes_the_last_counters_and_the_highest_memory() -> None:
    meter = Meter()
    for reading in (
        Reading(10, 500, 100, 10),
        Reading(2_000_000_000, 900, 150, 40),
        Reading(3_000_000_000, 300, 150, 50),
    ):
        meter.add(reading)

    usage = meter.usage("device-1")

    assert usage.part == "device-1"
    assert usage.cpu_s == pytest.approx(3.0, rel=1e-12)
    assert (usage.memory_peak_bytes, usage.network_rx_bytes, usage.network_tx_bytes) == (900, 150, 50)


def test_a_meter_adds_up_over_restarts() -> None:
    meter = Meter()
    for reading in (Reading(2 * 10**9, 1, 100, 10), Reading(5 * 10**8, 1, 30, 5), Reading(6 * 10**8, 1, 40, 6)):
        meter.add(reading)

    usage = meter.usage("device-1")

    assert usage.cpu_s == pytest.approx(2.6, rel=1e-12)
    assert (usage.network_rx_bytes, usage.network_tx_bytes) == (140, 16)
