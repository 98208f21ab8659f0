"""Live queries by hop: the arithmetic, and the tables."""

import csv
from pathlib import Path

import numpy as np

from splitwave.benchmarks.readings.hop_table import latency_ns
from splitwave.benchmarks.readings.live_table import (
    Comparison,
    device_table,
    live_hop_table,
    settings_table,
    write_hops,
)
from splitwave.benchmarks.readings.live_times import (
    CALLER_HOP,
    DEVICE_HOPS,
    LIVE_HOPS,
    Answered,
    LinkTimes,
    elapsed_s,
    hop_ms,
    part_ms,
    query_ms,
    query_ns,
)
from splitwave.common.protocol.workload import LinkStamps, Workload
from tests.unit.benchmarks.readings.benchmark_stamps import MS, NAMES, synthetic_stamps

CLOSED = Workload(queries=40, samples=1, window=1, rate_per_s=0.0, seed=0)


def a_link(*queries: tuple[int, int, int]) -> LinkTimes:
    """Queries as (called, answered, encode) in milliseconds, with no other hop of the device."""
    return LinkTimes.of_application(
        [Answered(called * MS, answered * MS, {"encode": encode * MS}) for called, answered, encode in queries]
    )


def test_the_callers_hop_is_what_the_device_does_not_account_for() -> None:
    hops = {hop: 10 * (place + 1) for place, hop in enumerate(DEVICE_HOPS)}
    times = LinkTimes.of_application([Answered(1_000, 1_500, hops), Answered(2_000, 2_700, {"decode": 200})])
    assert dict(zip(LIVE_HOPS, times.hops_ns[0].tolist(), strict=True)) == {CALLER_HOP: 500 - 450, **hops}
    assert times.hops_ns[1].tolist() == [500, *[0] * 8, 200]


def test_hops_add_up_to_the_time_from_call_to_answer() -> None:
    times = a_link((0, 5, 2), (6, 9, 1))
    assert np.array_equal(times.hops_ns.sum(axis=1), times.answered_ns - times.called_ns)
    stamps = synthetic_stamps(CLOSED, 0)
    of_pass = LinkTimes.of_pass(stamps)
    assert np.array_equal(of_pass.hops_ns.sum(axis=1), latency_ns([stamps]))


def test_a_pass_is_divided_into_the_hops_that_a_live_device_reports() -> None:
    moments = [5, 7, 10, 12, 13, 20, 22, 30, 31, 33, 40, 41, 44, 50]
    times = LinkTimes.of_pass(LinkStamps(0, NAMES, np.array([moments])))
    assert dict(zip(LIVE_HOPS, times.hops_ns[0].tolist(), strict=True)) == {
        "caller": 0,
        "application": 2,
        "encode": 3,
        "send": 3,
        "device link": 7 + 6,
        "emulate": 2 + 3,
        "backhaul": 8 + 1,
        "fuse wait": 1,
        "decoder queue": 2,
        "decode": 7,
    }


def test_a_query_of_several_links_counts_from_its_last_part_to_its_last_answer() -> None:
    links = [a_link((0, 10, 1), (20, 26, 1)), a_link((4, 9, 3), (19, 30, 5))]
    assert query_ns(links).tolist() == [6 * MS, 10 * MS]
    assert (query_ms(links, 50), query_ms(links, 99)) == (6.0, 10.0)
    assert (part_ms(links, 50), part_ms(links, 99)) == (6.0, 11.0)
    assert (hop_ms(links, "encode", 50), hop_ms(links, "encode", 99)) == (1.0, 5.0)
    assert elapsed_s(links) == 0.03
    stamps = [synthetic_stamps(CLOSED, link) for link in range(2)]
    passes = [LinkTimes.of_pass(each) for each in stamps]
    assert np.array_equal(query_ns(passes), latency_ns(stamps))


def test_the_table_has_medians_of_the_repetitions_and_the_median_of_their_ratios() -> None:
    rounds = {
        "passes": [[a_link((0, 2, 1))], [a_link((0, 2, 1))], [a_link((0, 2, 1))]],
        "torch": [[a_link((0, 5, 2))], [a_link((0, 9, 4))], [a_link((0, 8, 4))]],
        "onnx": [[a_link((0, 4, 1))], [a_link((0, 3, 1))], [a_link((0, 4, 3))]],
    }
    comparison = Comparison("title", ("passes", "torch", "onnx"), "onnx/torch", above="onnx", below="torch")
    title, head, *lines = live_hop_table(comparison, rounds).splitlines()
    cells = {line[:22].strip(): line[22:].split() for line in lines}
    assert (title, head.split()[-1]) == ("title", "onnx/torch")
    assert list(cells) == [*LIVE_HOPS, "one part", "query, all links"]
    assert cells["encode"] == ["1.000", "1.000", "4.000", "4.000", "1.000", "1.000", "0.50"]
    assert cells["query, all links"] == ["2.000", "2.000", "8.000", "8.000", "4.000", "4.000", "0.50"]
    assert cells["decode"] == [*["0.000"] * 6, "–"]


def test_every_hop_of_every_repetition_is_in_the_file(tmp_path: Path) -> None:
    write_hops(tmp_path / "hops.csv", {"torch": [[a_link((0, 5, 2))], [a_link((0, 9, 4))]]})
    with (tmp_path / "hops.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["repetition"], row["hop"]) for row in rows] == [(str(n), hop) for n in range(2) for hop in LIVE_HOPS]
    encode = [row for row in rows if row["hop"] == "encode"]
    assert [(row["side"], float(row["p50_ms"]), float(row["p99_ms"])) for row in encode] == [
        ("torch", 2.0, 2.0),
        ("torch", 4.0, 4.0),
    ]


def test_devices_and_settings_have_a_line_each() -> None:
    devices = device_table({"torch": {"ready s": [2.0, 9.0, 3.0]}, "onnx": {"ready s": [0.5]}}).splitlines()
    assert [line.split() for line in devices] == [
        ["device", "process", "ready", "s"],
        ["torch", "3.00"],
        ["onnx", "0.50"],
    ]
    assert settings_table({"a": 1, "long": "x y"}).splitlines() == ["a     1", "long  x y"]
