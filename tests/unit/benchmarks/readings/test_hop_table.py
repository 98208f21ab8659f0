"""Evaluation of the stamps of a load pass: hops, latency, trace, validity."""

import json
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from splitwave.benchmarks.readings.hop_plot import draw_hops, hops_figure
from splitwave.benchmarks.readings.hop_table import (
    HOPS,
    at,
    hop_table,
    hop_times_ns,
    latency_ns,
    lateness_ns,
    skew_ns,
    span_s,
)
from splitwave.benchmarks.readings.trace import write_trace
from splitwave.benchmarks.readings.validity import Rules, find_faults, find_problems
from splitwave.common.protocol.workload import LinkStamps, Workload
from tests.unit.benchmarks.readings.benchmark_stamps import MS, NAMES, synthetic_stamps

CLOSED = Workload(queries=40, samples=1, window=1, rate_per_s=0.0, seed=0)
OPEN = Workload(queries=400, samples=1, window=1, rate_per_s=100.0, seed=3)
LAX = Rules(min_queries=1, min_duration_s=0.0)


def test_hops_follow_one_another_from_due_to_received() -> None:
    assert (HOPS[0].begin, HOPS[-1].end) == ("due", "received")
    assert all(before.end == after.begin for before, after in pairwise(HOPS))


def test_hops_of_a_query_add_up_to_its_latency() -> None:
    link = synthetic_stamps(CLOSED, 0)
    assert np.array_equal(hop_times_ns(link).sum(axis=1), latency_ns([link]))


def test_each_hop_is_the_difference_of_its_two_stamps() -> None:
    moments = [5, 7, 10, 12, 13, 20, 22, 30, 31, 33, 40, 41, 42, 50]
    link = LinkStamps(0, NAMES, np.array([moments]))
    times = dict(zip([hop.name for hop in HOPS], hop_times_ns(link)[0].tolist(), strict=True))
    assert times == {
        "start delay": 2,
        "encode": 3,
        "quantize + pack": 2,
        "device → channel": 8,
        "emulate": 2,
        "channel → base station": 8,
        "fuse wait": 1,
        "decode queue": 2,
        "decode": 7,
        "reply": 10,
    }


def test_latency_runs_from_the_last_due_part_to_the_last_answer() -> None:
    links = [synthetic_stamps(CLOSED, link) for link in range(3)]
    due, received = (np.stack([at(link, name) for link in links]) for name in ("due", "received"))
    assert np.array_equal(latency_ns(links), received.max(axis=0) - due.max(axis=0))
    assert np.array_equal(skew_ns(links), due.max(axis=0) - due.min(axis=0))
    assert np.array_equal(lateness_ns(links), np.stack([at(k, "started") - at(k, "due") for k in links]).max(axis=0))
    last = max(int(at(link, "received")[-1]) for link in links)
    assert span_s(links) == pytest.approx((last - min(int(at(k, "started")[0]) for k in links)) / 1e9)


def test_a_later_schedule_on_one_link_does_not_count_as_latency() -> None:
    first = synthetic_stamps(OPEN, 0)
    later = LinkStamps(1, first.names, first.at_ns.copy())
    later.at_ns[:, NAMES.index("due")] += MS
    assert np.array_equal(latency_ns([first, later]), latency_ns([first]) - MS)
    assert set(skew_ns([first, later])) == {MS}


def test_the_table_has_every_hop_and_the_airtime() -> None:
    table = hop_table([synthetic_stamps(CLOSED, 0)], airtime_s=0.0029).splitlines()
    assert [line[:24].strip() for line in table[1:-3]] == [hop.name for hop in HOPS]
    assert re.fullmatch(r"airtime, modelled +2\.900 +beside", table[-1])
    total, latency = (float(re.search(r"\d+\.\d+", line)[0]) for line in table[-3:-1])  # type: ignore[index]
    medians = [float(re.search(r"\d+\.\d+", line[24:])[0]) for line in table[1:-3]]  # type: ignore[index]
    assert total == pytest.approx(sum(medians), abs=0.001 * len(HOPS))
    assert latency > 0


def test_the_plot_is_written_as_png_and_pdf(tmp_path: Path) -> None:
    passes = {"one": [synthetic_stamps(CLOSED, 0)], "two": [synthetic_stamps(CLOSED, link) for link in range(2)]}
    png, pdf = draw_hops(passes, {"one": 4.0}, 2.9, tmp_path / "hops")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")


def test_the_bar_of_a_scenario_ends_at_its_median_latency() -> None:
    link = synthetic_stamps(CLOSED, 0)
    axes = hops_figure({"one": [link]}, {}, None).axes[0]

    end_ms = max(patch.get_x() + patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle))
    assert end_ms == pytest.approx(np.median(latency_ns([link])) / 1e6)
    assert "from p40 to p60" in axes.get_xlabel()


def test_a_trace_follows_the_trace_event_format(tmp_path: Path) -> None:
    links = [synthetic_stamps(CLOSED, link) for link in range(2)]
    write_trace(tmp_path / "trace.json", links, queries=7)
    content = json.loads((tmp_path / "trace.json").read_text())
    names = [event for event in content["traceEvents"] if event["ph"] == "M"]
    spans = [event for event in content["traceEvents"] if event["ph"] == "X"]
    assert len(names) + len(spans) == len(content["traceEvents"])
    assert len(spans) == 7 * len(HOPS) * len(links)
    assert all(event["ts"] >= 0 and event["dur"] >= 0 for event in spans)
    processes = {event["pid"]: event["args"]["name"] for event in names if event["name"] == "process_name"}
    assert {processes[event["pid"]] for event in spans} == {hop.party for hop in HOPS}
    threads = defaultdict(list)
    for event in spans:
        threads[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for intervals in threads.values():  # within a thread, overlapping events would be drawn nested
        assert all(until <= since + 1e-3 for (_, until), (since, _) in pairwise(sorted(intervals)))


@pytest.mark.parametrize("workload", [CLOSED, OPEN])
def test_a_sound_pass_is_valid(workload: Workload) -> None:
    links = [synthetic_stamps(workload, 0), synthetic_stamps(workload, 1)]
    assert (find_faults(links, workload), find_problems(links, workload, Rules(workload.queries, 0.001))) == ([], [])


def test_too_few_queries_are_invalid() -> None:
    (problem,) = find_problems([synthetic_stamps(CLOSED, 0)], CLOSED, Rules(41, 0.0))
    assert problem == "40 queries: expected at least 41"


def test_too_short_a_pass_is_invalid() -> None:
    (problem,) = find_problems([synthetic_stamps(CLOSED, 0)], CLOSED, Rules(1, 60.0))
    assert re.fullmatch(r"0\.\d\d s of load: expected at least 60 s", problem)


def test_missing_answers_are_a_fault() -> None:
    link = synthetic_stamps(CLOSED, 1)
    short = LinkStamps(1, link.names, link.at_ns[:-1])
    assert find_faults([short], CLOSED) == ["link 1: 39 of 40 queries were answered"]


def test_a_clock_that_goes_backwards_is_a_fault() -> None:
    link = synthetic_stamps(CLOSED, 0)
    link.at_ns[5, NAMES.index("arrived")] = link.at_ns[5, NAMES.index("channel_out")] - 1
    assert find_faults([link], CLOSED) == [
        "link 0: channel → base station took less than no time in 1 queries",
    ]


def test_a_generator_that_falls_behind_is_invalid() -> None:
    link = synthetic_stamps(OPEN, 0)
    link.at_ns[:20, 1:] += 1000 * MS  # 5 % of the queries start one second late
    (problem,) = find_problems([link], OPEN, LAX)
    assert find_faults([link], OPEN) == []
    assert find_problems([link], OPEN, LAX, kept_up=False) == []
    assert re.fullmatch(r"p99 lateness 100\d\.\d\d ms: expected at most half the p99 latency, 10\d\d\.\d\d ms", problem)


def test_links_whose_schedules_are_far_apart_are_invalid() -> None:
    links = [synthetic_stamps(OPEN, 0), synthetic_stamps(OPEN, 1)]
    links[1].at_ns[:] += 50 * MS
    links[0].at_ns[:, NAMES.index("received")] += 50 * MS  # because it waits for the other link
    (problem,) = find_problems(links, OPEN, LAX)
    assert re.fullmatch(r"p99 skew of the links 50\.00 ms: expected at most the p50 latency, 1\d\.\d\d ms", problem)


@pytest.mark.parametrize("late_ms", [0, 5])
def test_a_late_start_shorter_than_the_latency_is_no_problem(late_ms: int) -> None:
    link = synthetic_stamps(OPEN, 0)
    link.at_ns[:, 1:] += late_ms * MS
    assert find_problems([link], OPEN, LAX) == []


def test_a_pass_without_links_is_a_fault() -> None:
    assert find_faults([], CLOSED) == ["no link answered"]


def test_a_schedule_is_fixed_by_its_seed_and_poisson() -> None:
    workload = Workload(queries=20_000, samples=1, window=1, rate_per_s=500.0, seed=1)
    schedule = workload.schedule_ns()
    gaps_s = np.diff(schedule, prepend=0) / 1e9
    assert np.array_equal(schedule, workload.schedule_ns())
    assert (gaps_s >= 0).all()
    # The mean of n exponential gaps lies within 4/√n of 1/rate (relative); their spread varies about twice as much.
    assert gaps_s.mean() * workload.rate_per_s == pytest.approx(1, abs=4 / np.sqrt(workload.queries))
    assert gaps_s.std() * workload.rate_per_s == pytest.approx(1, abs=8 / np.sqrt(workload.queries))
    # Because arrivals are memoryless, a fraction e⁻¹ of the 2 ms windows is empty.
    counts = np.histogram(schedule, bins=np.arange(0, schedule[-1], 2 * MS))[0]
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=4 * np.sqrt(0.24 / len(counts)))
