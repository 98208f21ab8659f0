import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.config import RunConfig
from common.load import Load
from common.messages import Phase
from common.plan import RunPlan


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


def test_cutting_a_step_into_micro_batches_keeps_its_samples() -> None:
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


def test_passes_cover_the_test_split_in_blocks_and_single_samples() -> None:
    plan = plan_of(inference={"block_size": 10, "latency_samples": 30})
    assert blocks(plan, Phase.TEST) == [list(range(10)), list(range(10, 20)), list(range(20, 24))]
    assert blocks(plan, Phase.SERVE) == [[i % 24] for i in range(30)]
    assert (plan.window(Phase.TEST), plan.window(Phase.SERVE)) == (8, 1)


def test_a_load_goes_through_the_test_split_in_its_own_blocks_and_starts_over_at_its_end() -> None:
    plan = plan_of()
    plan.load = Load(queries=4, samples=9, window=3, rate_per_s=0.0, seed=0)
    assert blocks(plan, Phase.LOAD) == [[i % 24 for i in range(first, first + 9)] for first in (0, 9, 18, 27)]
    assert (plan.pass_samples(Phase.LOAD), plan.window(Phase.LOAD), plan.credits(Phase.LOAD)) == (36, 3, 3)
    assert (plan.window(Phase.SERVE), plan.credits(Phase.SERVE), plan.credits(Phase.TEST)) == (1, 8, 8)


@pytest.mark.parametrize(("window", "together"), [(1, 1), (2, 1), (3, 1), (9, 4), (32, 16), (500, 16)])
def test_half_of_the_blocks_under_way_go_together_up_to_a_limit(window: int, together: int) -> None:
    plan = plan_of(runtime={"credits": min(window, 256)})
    plan.load = Load(queries=4, samples=9, window=window, rate_per_s=0.0, seed=0)
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
