"""Shards: the decoder works on parts of a block at the same time, and the step stays the same."""

import threading

import pytest
import torch

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.shards import Shards
from splitwave.basestation.learning.trainer import MicroBatchResult, Trainer
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from tests.limits import LIMIT_S

SAMPLES = 50


def trained(shards: int, draws: int = 2) -> tuple[Trainer, MicroBatchResult]:
    config = RunConfig.model_validate(
        {
            "encoder": {"dimension": 6},
            "objective": {"draws": draws},
            "training": {"batch_size": SAMPLES},
            "runtime": {"decoder_shards": shards},
        }
    )
    rng = torch.Generator().manual_seed(1)
    labels = torch.randint(10, (SAMPLES,), generator=rng)
    trainer = Trainer(config, RunPlan(config, SAMPLES, 10), labels)
    symbols = torch.randn(draws, SAMPLES, 12, generator=rng)
    result = trainer.micro_batch(FusedBlock(BlockKey(Phase.TRAIN, 0, 0), symbols, (0, 1)))
    trainer.settle()
    return trainer, result


@pytest.mark.parametrize("shards", [2, 3])
@pytest.mark.parametrize("draws", [1, 2])
def test_shards_give_the_gradients_of_the_whole_block(shards: int, draws: int) -> None:
    (whole, expected), (cut, result) = trained(1, draws), trained(shards, draws)
    assert (result.errors, result.count) == (expected.errors, expected.count)
    assert result.distortion == pytest.approx(expected.distortion, rel=1e-5)
    assert list(result.gradients) == list(expected.gradients) == [0, 1]
    for ours, theirs in zip(result.gradients.values(), expected.gradients.values(), strict=True):
        assert ours.shape == theirs.shape == (draws, SAMPLES, 6)
        torch.testing.assert_close(torch.from_numpy(ours), torch.from_numpy(theirs))
    for ours_w, theirs_w in zip(cut.decoder.parameters(), whole.decoder.parameters(), strict=True):
        assert ours_w.grad is not None
        torch.testing.assert_close(ours_w.grad, theirs_w.grad)


def test_two_equal_steps_give_the_same_bits() -> None:
    (one, _), (other, _) = trained(3), trained(3)
    for a, b in zip(one.decoder.parameters(), other.decoder.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert torch.equal(a.grad, b.grad)


def test_threads_work_on_parts_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=LIMIT_S)
    assert sorted(Shards(3, 1).map(lambda part: (meeting.wait(), part)[1], [0, 1, 2])) == [0, 1, 2]


@pytest.mark.parametrize("parts", [0, 1, 2, 3, 7])
def test_results_have_the_order_of_their_parts(parts: int) -> None:
    assert Shards(3, 1).map(lambda part: 10 * part, list(range(parts))) == [10 * part for part in range(parts)]


def test_threads_share_the_parts_if_there_are_more_parts_than_threads() -> None:
    at_work = Shards(2, 1).map(lambda _: threading.current_thread(), list(range(5)))
    assert at_work == [threading.current_thread(), at_work[1], *2 * [threading.current_thread(), at_work[1]]][:5]
    assert at_work[1] is not at_work[0]


def test_an_error_of_one_part_is_raised_after_all_other_parts_are_finished() -> None:
    done: list[int] = []

    def work(part: int) -> None:
        if part == 1:
            raise ValueError("part 1")
        done.append(part)

    with pytest.raises(ValueError, match="part 1"):
        Shards(2, 1).map(work, [0, 1, 2])
    assert done == [0, 2]


@pytest.mark.parametrize(("count", "samples"), [(1, 5), (2, 5), (3, 3), (4, 2), (3, 256)])
def test_parts_cover_all_samples_once_and_have_nearly_equal_sizes(count: int, samples: int) -> None:
    parts = Shards(count, 1).bounds(samples)
    assert [number for part in parts for number in range(samples)[part]] == list(range(samples))
    sizes = {part.stop - part.start for part in parts}
    assert len(parts) == min(count, samples)
    assert min(sizes) >= max(sizes) - 1 > -1
    assert min(sizes) > 0


def test_conditioned_networks_refuse_shards() -> None:
    settings = {"hypernetwork": {"beta": [1e-5, 1.0]}, "runtime": {"decoder_shards": 2}}
    with pytest.raises(ValueError, match=r"runtime\.decoder_shards = 2 does nothing without plain networks"):
        RunConfig.model_validate(settings)
