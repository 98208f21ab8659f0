"""A ratio is slower than the baseline if all of its repetitions are worse, and what differs otherwise is named."""

import json
from itertools import combinations
from math import comb

import pytest

from splitwave.benchmarks.comparison.baseline import BaselineComparison
from splitwave.benchmarks.comparison.ratio_comparison import Change, RatioComparison
from tests.unit.benchmarks.comparison.results import AT_LEAST, AT_MOST, compared, result_of


def change(name: str, baseline: tuple[float, ...], now: tuple[float, ...]) -> Change | None:
    return RatioComparison(name, baseline, now, same_conditions=True).change


@pytest.mark.parametrize(("name", "higher"), [(AT_MOST, Change.SLOWER), (AT_LEAST, Change.FASTER)])
def test_a_range_wholly_above_the_baseline_is_a_change_whose_direction_follows_from_the_target(
    name: str, higher: Change
) -> None:
    lower = Change.FASTER if higher is Change.SLOWER else Change.SLOWER
    assert change(name, (1.0, 1.5), (1.6, 1.51)) is higher
    assert change(name, (1.6, 1.51), (1.0, 1.5)) is lower


@pytest.mark.parametrize("now", [(1.5, 1.6), (1.4, 9.0), (0.1, 9.0), (1.2, 1.3), (0.2, 1.0)])
def test_ranges_with_a_value_in_common_are_no_difference(now: tuple[float, ...]) -> None:
    assert change(AT_MOST, (1.0, 1.5), now) is Change.NONE
    assert change(AT_LEAST, (1.0, 1.5), now) is Change.NONE


def test_a_single_repetition_on_either_side_gives_no_verdict() -> None:
    assert change(AT_MOST, (1.0,), (9.0, 9.1)) is None
    assert change(AT_MOST, (1.0, 1.1), (9.0,)) is None


def test_one_of_252_orders_of_five_and_five_equal_measurements_is_called_slower() -> None:
    values = range(10)
    found = [
        change(AT_MOST, tuple(map(float, old)), tuple(float(v) for v in values if v not in old))
        for old in combinations(values, 5)
    ]
    assert len(found) == comb(10, 5) == 252
    assert (found.count(Change.SLOWER), found.count(Change.FASTER)) == (1, 1)


def test_only_ratios_with_a_target_are_compared_in_the_order_of_the_newer_result() -> None:
    before = result_of({AT_MOST: [1.0, 1.5], AT_LEAST: [0.6, 0.7], "latency.two_links.p50_over_echo": [1.0, 2.0]})
    after = result_of({AT_LEAST: [0.5, 0.4], "latency.two_links.p50_over_echo": [3.0, 4.0], AT_MOST: [1.2, 1.7]})
    found = compared(json.dumps(before), json.dumps(after))
    assert [(each.name, each.change) for each in found.ratios] == [(AT_LEAST, Change.SLOWER), (AT_MOST, Change.NONE)]
    assert (found.differences, found.only_now) == ((), ())
    assert found.to_json()["ratios"] == [
        {
            "name": AT_LEAST,
            "baseline": {"value": pytest.approx(0.65), "low": 0.6, "high": 0.7, "repetitions": [0.6, 0.7]},
            "now": {"value": pytest.approx(0.45), "low": 0.4, "high": 0.5, "repetitions": [0.5, 0.4]},
            "same_conditions": True,
            "change": "slower",
        },
        {
            "name": AT_MOST,
            "baseline": {"value": 1.25, "low": 1.0, "high": 1.5, "repetitions": [1.0, 1.5]},
            "now": {"value": 1.45, "low": 1.2, "high": 1.7, "repetitions": [1.2, 1.7]},
            "same_conditions": True,
            "change": "no difference",
        },
    ]


def test_a_ratio_that_the_baseline_lacks_is_named() -> None:
    found = compared(
        json.dumps(result_of({AT_MOST: [1.0, 1.5]})), json.dumps(result_of({AT_MOST: [1.0], AT_LEAST: [1.0]}))
    )
    assert found.only_now == (AT_LEAST,)
    assert f"not in the baseline: {AT_LEAST}\n" in str(BaselineComparison("b.json", found))


def test_another_processor_marks_all_ratios_and_another_setting_those_of_its_benchmark() -> None:
    ratios = {AT_MOST: [1.0, 1.5], AT_LEAST: [0.6, 0.7]}
    before, after = json.dumps(result_of(ratios)), result_of(ratios)
    other, *same = json.loads(json.dumps(result_of(ratios, dimension=16)))["benchmarks"]
    one_differs = json.dumps({**after, "benchmarks": [other, *json.loads(before)["benchmarks"][1:]]})
    found = compared(before, one_differs)
    assert len(same) == 1
    assert [(each.name, each.baseline, each.now) for each in found.differences] == [
        ("latency.settings.dimension", 28, 16),
        ("latency.configs.testbed.encoder.dimension", 28, 16),
    ]
    assert [each.same_conditions for each in found.ratios] == [False, True]
    machine = {**json.loads(before)["environment"], "cpu_model": "Z80", "cores": [0, 1, 2, 3, 4, 5, 6]}
    found = compared(before, json.dumps({**after, "environment": machine}))
    assert {each.name for each in found.differences} >= {"processor.model", "processor.cores"}
    assert [each.same_conditions for each in found.ratios] == [False, False]
    assert " → Z80; " in str(BaselineComparison("b.json", found))


def test_a_setting_that_only_one_result_has_is_part_of_the_change_that_is_compared() -> None:
    before, after = result_of({AT_MOST: [1.0, 1.5]}), json.loads(json.dumps(result_of({AT_MOST: [1.0, 1.5]})))
    after["scope"]["later"] = True
    after["benchmarks"][0]["configs"]["testbed"]["channel"]["later"] = 7
    del after["environment"]["cpu_vectors"]  # as in older results
    for one, other in ((before, after), (after, before)):
        assert compared(json.dumps(one), json.dumps(other)).differences == ()


def test_ratios_of_an_invalid_benchmark_are_marked_on_either_side() -> None:
    valid, invalid = (
        json.dumps(result_of({AT_MOST: [1.0, 1.5], AT_LEAST: [0.6, 0.7]}, *why)) for why in ((), ("too late",))
    )
    for before, now in ((valid, invalid), (invalid, valid), (invalid, invalid)):
        found = compared(before, now)
        assert [each.same_conditions for each in found.ratios] == [False, True]
        assert [each.name for each in found.differences] == ["latency.validity"]


def test_the_table_shows_medians_ranges_changes_and_what_differs() -> None:
    before = result_of({AT_MOST: [1.0, 1.25, 1.5], AT_LEAST: [0.6, 0.7]})
    after = result_of({AT_MOST: [2.0, 2.25, 2.5], AT_LEAST: [0.65]}, dimension=16)
    first, head, *rows, mark, latency, channel, last = str(
        BaselineComparison("b.json", compared(json.dumps(before), json.dumps(after)))
    ).splitlines()
    assert first.startswith("compared with b.json: `splitwave")
    assert head.split() == ["ratio", "baseline", "[range]", "now", "[range]", "change"]
    assert [row.split() for row in rows] == [
        [AT_MOST, "*", "1.25", "[1,", "1.5]", "2.25", "[2,", "2.5]", "slower"],
        [AT_LEAST, "*", "0.65", "[0.6,", "0.7]", "0.65", "[0.65,", "0.65]", "one", "repetition"],
    ]
    assert mark == "* measured under other conditions (baseline → now):"
    assert latency == "  latency: settings.dimension 28 → 16; configs.testbed.encoder.dimension 28 → 16"
    assert channel == "  channel: settings.dimension 28 → 16; configs.testbed.encoder.dimension 28 → 16"
    assert last == f"slower by more than the repetitions differ: {AT_MOST} *"


def test_the_last_line_says_if_nothing_is_slower_and_if_there_are_no_verdicts() -> None:
    def last(baseline: list[float], now: dict[str, list[float]]) -> str:
        found = compared(json.dumps(result_of({AT_MOST: baseline})), json.dumps(result_of(now)))
        return str(BaselineComparison("b.json", found)).splitlines()[-1]

    assert last([1.0, 2.0], {AT_MOST: [0.8, 0.9]}) == "slower by more than the repetitions differ: nothing"
    assert last([1.0, 2.0], {AT_MOST: [3.0]}) == (
        "no verdicts: one repetition does not show by how much repetitions differ"
    )
    assert last([1.0, 2.0], {AT_LEAST: [3.0, 4.0]}).startswith("nothing to compare: ")
