"""Training over a range of PSNRs: the draws, and their use by the channel and by the rate of the device."""

import numpy as np
import pytest

from splitwave.channel.emulator.link import ChannelLink
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.link_noise import draw_of_sample, noise_variances
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.device.learning.views import Views
from splitwave.device.learning.worker import DeviceWorker

LOW_DB, HIGH_DB = -5.0, 20.0
PINNED_DB = [-3.050028489, 7.699546949, 17.430558336]
EVALUATION = [Phase.VALIDATION, Phase.TEST, Phase.SERVE]


def config_of(training_psnr_db: list[float] | None, **sections: dict[str, object]) -> RunConfig:
    return RunConfig.model_validate(
        {
            "encoder": {"dimension": 3},
            "training": {"epochs": 2, "batch_size": 8, "micro_batches": 2},
            "channel": {"psnr_db": [10.0, 3.0], "training_psnr_db": training_psnr_db},
            **sections,
        }
    )


RANGED, FIXED = config_of([LOW_DB, HIGH_DB]), config_of(None)


def drawn_db(config: RunConfig, link: int, steps: int) -> Float32:
    return np.array([-10 * np.log10(noise_variances(config, link, Phase.TRAIN, step)[0]) for step in range(steps)])


def test_draws_are_uniform_in_decibels_over_the_range() -> None:
    n, width = 4000, HIGH_DB - LOW_DB
    psnr_db = drawn_db(RANGED, 0, n)
    assert psnr_db.min() >= LOW_DB - 1e-9
    assert psnr_db.max() <= HIGH_DB + 1e-9
    places = np.sort((psnr_db - LOW_DB) / width)
    # Kolmogorov–Smirnov: a distance above 2.2/√n has a probability of 1.3·10⁻⁴.
    assert np.abs(places - (np.arange(n) + 0.5) / n).max() < 2.2 / np.sqrt(n)


def test_links_steps_and_seeds_draw_independently() -> None:
    n = 2000
    link_0, link_1 = (drawn_db(RANGED, link, n) for link in range(2))
    other_seed = drawn_db(RANGED.model_copy(update={"seed": 1}), 0, n)
    for one, other in ((link_0, link_1), (link_0, other_seed), (link_0[1:], link_0[:-1])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(n)


def test_a_shared_draw_equals_the_draw_of_the_first_link() -> None:
    shared = RANGED.model_copy(update={"channel": RANGED.channel.model_copy(update={"training_psnr_shared": True})})
    links = [drawn_db(shared, link, 20) for link in range(2)]
    np.testing.assert_array_equal(links[0], drawn_db(RANGED, 0, 20))
    np.testing.assert_array_equal(links[1], links[0])


def several(draws: int) -> RunConfig:
    return RANGED.model_copy(update={"channel": RANGED.channel.model_copy(update={"training_psnr_draws": draws})})


def test_several_draws_per_step_have_one_value_in_each_part_of_the_range() -> None:
    steps = [-10 * np.log10(noise_variances(several(5), 1, Phase.TRAIN, step)) for step in range(50)]
    parts = np.floor((np.array(steps) - LOW_DB) / (HIGH_DB - LOW_DB) * 5)
    assert (np.sort(parts, axis=1) == np.arange(5)).all()
    assert len({tuple(order) for order in parts}) > 25  # there are 120 orders


def test_several_draws_have_equal_shares_of_a_block() -> None:
    assert draw_of_sample(3, 7).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert draw_of_sample(3, 2).tolist() == [0, 1]


def test_a_draw_never_changes() -> None:
    """The values are part of the reproducibility contract: published results depend on them."""
    np.testing.assert_allclose(drawn_db(RANGED, 1, 3), PINNED_DB, rtol=1e-9)


@pytest.mark.parametrize("link", [0, 1])
@pytest.mark.parametrize("phase", EVALUATION)
def test_evaluation_keeps_the_psnr_of_the_link(phase: Phase, link: int) -> None:
    assert noise_variances(RANGED, link, phase, 3).tolist() == [RANGED.noise_variance(link)]


def test_without_a_range_training_has_the_psnr_of_the_link() -> None:
    assert noise_variances(FIXED, 1, Phase.TRAIN, 3)[0] == FIXED.noise_variance(1) == pytest.approx(10**-0.3)


def received(config: RunConfig, key: BlockKey, samples: int) -> Float32:
    """The noise of a block: the output of the channel for symbols of 0."""
    zeros = RealPayload(np.zeros((1, samples, 3), dtype=np.float32))
    link = ChannelLink(config, 1)
    link.begin_pass(Symbols.SOFT)
    payload = link.transmit(SymbolBlock(1, 0, key, np.arange(samples), zeros)).payload
    assert isinstance(payload, RealPayload)
    return payload.values


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_noise_of_a_training_block_has_the_variance_drawn_for_its_step(step: int) -> None:
    samples = 20_000
    expected = noise_variances(RANGED, 1, Phase.TRAIN, step)[0]
    for micro_batch in range(2):
        noise = received(RANGED, BlockKey(Phase.TRAIN, step, micro_batch), samples).astype(np.float64)
        # The variance of n normal numbers has a relative standard deviation of √(2/n).
        assert np.mean(noise**2) == pytest.approx(expected, rel=5 * np.sqrt(2 / noise.size))


def test_each_share_of_a_block_has_the_noise_of_its_draw() -> None:
    samples = 60_000
    noise = received(several(3), BlockKey(Phase.TRAIN, 1, 0), samples).astype(np.float64)
    measured = [np.mean(part**2) for part in np.split(noise[0], 3)]
    expected = noise_variances(several(3), 1, Phase.TRAIN, 1)
    assert measured == pytest.approx(list(expected), rel=5 * np.sqrt(2 / samples))  # each share has 3·20,000 numbers


@pytest.mark.parametrize("phase", EVALUATION)
def test_a_training_range_does_not_change_the_noise_of_evaluation_blocks(phase: Phase) -> None:
    key = BlockKey(phase, 2, 1)
    np.testing.assert_array_equal(received(RANGED, key, 50), received(FIXED, key, 50))


def rates_of_step_0(config: RunConfig) -> list[float]:
    rng = np.random.default_rng(0)
    views = Views(rng.random((16, 392), dtype=np.float32), rng.random((10, 392), dtype=np.float32), "digest")
    worker = DeviceWorker(config, 1, views)
    rates = []
    for number in range(RunPlan(config, 16, 10).block_count(Phase.TRAIN, 0)):
        worker.train_block(0, number)
        worker.measure_rate(number)
        rates.append(worker.end_epoch())
    return rates


@pytest.mark.parametrize("breakpoints", [0, 15])
@pytest.mark.parametrize("bound", ["tight", "quadrature"])
def test_the_rate_of_the_device_uses_the_drawn_psnr_in_every_micro_batch(breakpoints: int, bound: str) -> None:
    sections: dict[str, dict[str, object]] = {"quantizer": {"breakpoints": breakpoints}, "objective": {"bound": bound}}
    drawn = float(drawn_db(RANGED, 1, 1)[0])
    ranged = rates_of_step_0(config_of([LOW_DB, HIGH_DB], **sections))
    fixed = rates_of_step_0(config_of(None, **sections, channel={"psnr_db": drawn}))
    assert ranged == pytest.approx(fixed, rel=1e-6)
    assert len(ranged) == 2


def test_a_range_of_one_value_gives_that_value() -> None:
    config = config_of([3.0, 3.0])
    assert [noise_variances(config, 1, Phase.TRAIN, step)[0] for step in range(5)] == [config.noise_variance(1)] * 5
