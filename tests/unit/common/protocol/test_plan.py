import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.workload import Workload


def blocks(plan: RunPlan, phase: Phase, step: int = 0) -> list[list[int]]:
    return [plan.block_ids(phase, step, number).tolist() for number in range(plan.block_count(phase, step))]


def plan_of(train: int = 70, test: int = 24, **settings: object) -> RunPlan:
    return RunPlan(RunConfig.model_validate(settings), train, test)


@given(st.integers(1, 300), st.integers(1, 64), st.integers(1, 5))
def test_every_epoch_visits_every_training_sample_once(samples: int, batch_size: int, parts: int) -> None:
    plan = plan_of(
        samples,
        training={"epochs": 2, "batch_size": batch_size, "micro_batches": min(parts, batch_size)},
    )
    for epoch in range(2):
        steps = range(epoch * plan.steps_per_epoch, (epoch + 1) * plan.steps_per_epoch)
        visited = [i for step in steps for ids in blocks(plan, Phase.TRAIN, step) for i in ids]
        assert sorted(visited) == list(range(samples))
        assert all(plan.epoch(step) == epoch for step in steps)
    assert plan.steps == 2 * plan.steps_per_epoch


def test_epochs_differ_in_order() -> None:
    plan = plan_of(training={"epochs": 2, "batch_size": 70})
    assert blocks(plan, Phase.TRAIN, 0) != blocks(plan, Phase.TRAIN, 1)


def test_the_micro_batches_of_a_step_contain_all_its_samples() -> None:
    whole = plan_of(training={"batch_size": 16})
    cut = plan_of(training={"batch_size": 16, "micro_batches": 3})
    parts = blocks(cut, Phase.TRAIN, 4)
    assert [len(part) for part in parts] == [2, 2, 2]
    assert [[*parts[0], *parts[1], *parts[2]]] == blocks(whole, Phase.TRAIN, 4)
    assert cut.batch_size(4) == 6


def test_held_out_samples_are_never_trained_on() -> None:
    plan = plan_of(data={"validation": 7}, training={"batch_size": 16})
    trained = {i for step in range(plan.steps) for ids in blocks(plan, Phase.TRAIN, step) for i in ids}
    validated = {i for ids in blocks(plan, Phase.VALIDATION) for i in ids}
    assert len(validated) == 7
    assert trained | validated == set(range(70))
    assert not trained & validated


def test_a_test_pass_covers_the_test_split_in_order() -> None:
    plan = plan_of(inference={"block_size": 10})
    assert blocks(plan, Phase.TEST) == [list(range(10)), list(range(10, 20)), list(range(20, 24))]
    assert (plan.window(Phase.TEST), plan.window(Phase.SERVE)) == (8, 1)


def served_samples(plan: RunPlan, passes: int) -> list[int]:
    served = [blocks(plan, Phase.SERVE, step) for step in range(passes)]
    assert all(len(block) == 1 for queries in served for block in queries)
    return [block[0] for queries in served for block in queries]


@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 5))
def test_serving_passes_continue_through_the_test_split_and_use_all_samples_before_repeating_any(
    test: int, queries: int, passes: int
) -> None:
    samples = served_samples(plan_of(test=test, inference={"latency_samples": queries}), passes)
    assert len(samples) == passes * queries
    for first in range(0, len(samples), test):
        cycle = samples[first : first + test]
        assert len(set(cycle)) == len(cycle)
        assert set(cycle) <= set(range(test))


def test_the_order_of_queries_depends_on_the_seed_and_not_on_the_file() -> None:
    one, again, other = (
        served_samples(plan_of(test=500, seed=seed, inference={"latency_samples": 500}), passes=2) for seed in (3, 3, 4)
    )
    assert one == again
    in_order, next_pass = [*range(500), *range(500)], [*one[500:], *one[:500]]
    for order in (in_order, other, next_pass):
        # The number of places at which two random permutations agree is Poisson-distributed with mean 1. Over four
        # permutations it exceeds 16 with probability 1e-6.
        assert sum(ours == theirs for ours, theirs in zip(one, order, strict=True)) <= 16


def test_serving_passes_contain_all_classes_although_the_split_is_sorted_by_class() -> None:
    labels = load_labels("mnist5k", "test", None)
    assert (np.diff(labels) >= 0).all()  # the file is sorted
    plan = RunPlan(RunConfig(), 4000, 1000)
    queries = plan.pass_samples(Phase.SERVE)
    for step in range(5):
        ids = np.concatenate(blocks(plan, Phase.SERVE, step))
        counts = np.bincount(labels[ids], minlength=10)
        # Without replacement, a class's count has mean n/10 and variance n·0.1·0.9·(N − n)/(N − 1).
        spread = np.sqrt(queries * 0.09 * (1000 - queries) / 999)
        assert np.abs(counts - queries / 10).max() < 5 * spread
    everything = np.concatenate([np.concatenate(blocks(plan, Phase.SERVE, step)) for step in range(5)])
    assert np.bincount(labels[everything]).tolist() == [100] * 10


def test_each_load_pass_has_permutations_of_its_own() -> None:
    plan = plan_of(inference={"latency_samples": 24}).with_workload(
        Workload(queries=8, samples=9, window=3, rate_per_s=0.0, seed=0)
    )
    first, second = (blocks(plan, Phase.LOAD, step) for step in (0, 1))
    assert [len(block) for block in first] == [9] * 8
    samples = [sample for block in first for sample in block]
    for cycle in range(3):
        assert sorted(samples[24 * cycle : 24 * (cycle + 1)]) == list(range(24))
    assert first != second
    assert samples[:24] != served_samples(plan, 1)


def test_a_block_may_be_larger_than_the_test_split() -> None:
    plan = plan_of(test=5).with_workload(Workload(queries=2, samples=12, window=3, rate_per_s=0.0, seed=0))
    first, second = blocks(plan, Phase.LOAD)
    assert sorted(np.bincount([*first, *second], minlength=5)) == [4, 5, 5, 5, 5]


def test_a_load_pass_has_the_window_of_its_workload() -> None:
    plan = plan_of().with_workload(Workload(queries=4, samples=9, window=3, rate_per_s=0.0, seed=0))
    assert (plan.pass_samples(Phase.LOAD), plan.window(Phase.LOAD), plan.credits(Phase.LOAD)) == (36, 3, 3)
    assert (plan.window(Phase.SERVE), plan.credits(Phase.SERVE), plan.credits(Phase.TEST)) == (1, 8, 8)


def test_adding_a_workload_to_a_plan_does_not_change_the_original_plan() -> None:
    plan = plan_of()
    workload = Workload(queries=4, samples=9, window=3, rate_per_s=0.0, seed=0)
    assert (plan.with_workload(workload).workload, plan.workload) == (workload, None)


@pytest.mark.parametrize(("window", "together"), [(1, 1), (2, 1), (3, 1), (9, 4), (32, 16), (500, 16)])
def test_half_of_the_window_is_processed_together_up_to_a_limit(window: int, together: int) -> None:
    plan = plan_of(runtime={"credits": min(window, 256)}).with_workload(
        Workload(queries=4, samples=9, window=window, rate_per_s=0.0, seed=0)
    )
    assert (plan.together(Phase.TEST), plan.together(Phase.LOAD), plan.together(Phase.SERVE)) == (together, together, 1)


def test_the_learning_rate_falls_along_half_a_cosine() -> None:
    plan = plan_of(training={"epochs": 2, "batch_size": 7, "learning_rate": 1e-2, "learning_rate_final": 1e-4})
    rates = [plan.learning_rate(step) for step in range(plan.steps)]
    assert rates[0] == pytest.approx(1e-2)
    assert rates[-1] == pytest.approx(1e-4)
    assert rates == sorted(rates, reverse=True)
    middle = (plan.learning_rate(9) + plan.learning_rate(10)) / 2
    assert middle == pytest.approx((1e-2 + 1e-4) / 2)


def test_gamma_is_constant_or_annealed_geometrically() -> None:
    assert plan_of().gamma(7) == 10.0
    annealed = plan_of(quantizer={"gamma": 10.0, "gamma_final": 1000.0}, training={"epochs": 3})
    assert [annealed.gamma(epoch) for epoch in range(3)] == pytest.approx([10.0, 100.0, 1000.0])
    assert (plan_of().gamma_final, annealed.gamma_final) == (10.0, 1000.0)
