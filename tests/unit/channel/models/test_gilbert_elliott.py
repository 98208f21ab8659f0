"""Bursts of losses against the theory of the two-state chain.

With p = P(good → bad), q = P(bad → good), ρ = 1 − p − q: the share of bad states is p/(p + q) from the first position
on, states k apart have correlation ρᵏ, and a burst has length n with probability (1 − q)ⁿ⁻¹q. A mean over N states has
the variance π(1 − π)/N·(1 + ρ)/(1 − ρ) in the limit of many; tolerances are five standard deviations.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from splitwave.channel.draws.two_states import CHUNK, TwoStateChain
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import ChannelModel, check_rate_noise, rate_noise_variances
from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator
from tests.unit.channel.models import laws

P, Q = 0.05, 0.2
BAD = P / (P + Q)
RHO = 1 - P - Q
LOAD = BlockKey(Phase.LOAD, 0, 0)


def bursts(p_bad: float = P, p_good: float = Q, **options: object) -> dict[str, object]:
    return {"name": "gilbert-elliott", "p_bad": p_bad, "p_good": p_good, **options}


def lost(config: RunConfig, samples: int, *, link: int = 0, draws: int = 1) -> NDArray[np.bool_]:
    """(L, B·d) losses of one long block."""
    symbols = np.ones((1, samples, config.encoder.dimension), dtype=np.float32)
    received = laws.passed(link_channel(config, link), LOAD, symbols, draws)
    losses: NDArray[np.bool_] = (received == 0).reshape(draws, -1)
    return losses


def of_samples(model: object) -> RunConfig:
    return RunConfig.model_validate({"encoder": {"dimension": 1}, "channel": {"model": model}})


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("unit", ["symbol", "sample"])
def test_bursts_pass_the_checks_of_all_models(unit: str, draws: int) -> None:
    for model in (bursts(unit=unit), [bursts(unit=unit), "awgn"], ["awgn", bursts(unit=unit)]):
        laws.check_shapes_and_types(model, draws)
        laws.check_adjoint(model, draws)
    laws.check_discrete_draws_are_keyed(bursts(0.3, 0.4, unit=unit))


def test_the_share_of_losses_and_their_correlation_are_those_of_the_chain() -> None:
    (states,), n = lost(of_samples(bursts()), 400_000), 400_000
    variance = BAD * (1 - BAD)
    assert abs(states.mean() - BAD) < 5 * np.sqrt(variance / n * (1 + RHO) / (1 - RHO))
    centred = states - BAD
    for distance in (1, 2, 5, 10):
        correlation = np.mean(centred[distance:] * centred[:-distance]) / variance
        assert abs(correlation - RHO**distance) < 5 * np.sqrt((1 + RHO**2) / (1 - RHO**2) / n) * 2


def test_bursts_and_the_pauses_between_them_have_geometric_lengths() -> None:
    """Pearson's χ² over the lengths 1 … 15 and longer: mean 15, standard deviation √30, for 15 degrees of freedom."""
    (states,) = lost(of_samples(bursts()), 400_000)
    ends = np.flatnonzero(np.diff(states))
    lengths = np.diff(ends)
    first_is_burst = bool(states[ends[0] + 1])
    for which, leaves in ((lengths[0 if first_is_burst else 1 :: 2], Q), (lengths[1 if first_is_burst else 0 :: 2], P)):
        expected = len(which) * np.append((1 - leaves) ** np.arange(15) * leaves, (1 - leaves) ** 15)
        counted = np.bincount(np.minimum(which, 16), minlength=17)[1:]
        assert np.sum((counted - expected) ** 2 / expected) < 15 + 5 * np.sqrt(30)
        assert abs(which.mean() - 1 / leaves) < 5 * np.sqrt((1 - leaves) / leaves**2 / len(which))


def test_the_chain_is_stationary_from_the_first_sample_on() -> None:
    """The state at each of the first positions, over 2,000 seeds."""
    chain = TwoStateChain(P, Q)
    states = np.array([chain.bad(lambda chunk, s=seed: rng(chunk, s), 0, 4) for seed in range(2000)])  # type: ignore[misc]
    tolerance = 5 * np.sqrt(BAD * (1 - BAD) / 2000)
    np.testing.assert_allclose(states.mean(axis=0), BAD, atol=tolerance)
    goes_bad = states[:, 1][~states[:, 0]].mean()
    assert abs(goes_bad - P) < 5 * np.sqrt(P * (1 - P) / (2000 * (1 - BAD)))


def test_losses_in_each_state_have_its_probability() -> None:
    model = of_samples(bursts(loss_good=0.1, loss_bad=0.6))
    (states,), n = lost(model, 400_000), 400_000
    expected = BAD * 0.6 + (1 - BAD) * 0.1
    spread = BAD * (1 - BAD) * 0.5**2 / n * (1 + RHO) / (1 - RHO) + 0.25 / n
    assert abs(states.mean() - expected) < 5 * np.sqrt(spread)
    pairs = np.mean((states[1:] - expected) * (states[:-1] - expected))
    assert abs(pairs - BAD * (1 - BAD) * 0.5**2 * RHO) < 5 * 0.25 / np.sqrt(n) * 2


def rng(chunk: int, seed: int = 0) -> np.random.Generator:
    return generator(seed, Purpose.ERASURES, step=chunk)


@given(
    first=st.integers(0, 5 * CHUNK),
    count=st.integers(1, 2 * CHUNK),
    chain=st.sampled_from([(P, Q), (1e-4, 1e-3), (0.5, 0.5), (0.0, 0.3), (0.3, 0.0)]),
)
@settings(max_examples=60, deadline=None)
def test_the_state_at_a_position_is_the_same_in_any_range(first: int, count: int, chain: tuple[float, float]) -> None:
    states = TwoStateChain(*chain)
    whole = states.bad(rng, 0, 7 * CHUNK)
    np.testing.assert_array_equal(states.bad(rng, first, count), whole[first : first + count])


@pytest.mark.parametrize("unit", ["symbol", "sample"])
def test_a_pass_meets_the_same_losses_whatever_its_block_size(unit: str) -> None:
    symbols = np.ones((1, 64, 3), dtype=np.float32)
    model = bursts(0.2, 0.3, loss_bad=0.8, loss_good=0.1, unit=unit)
    large, small = (
        RunConfig.model_validate(
            {"encoder": {"dimension": 3}, "channel": {"model": model}, "inference": {"block_size": size}}
        )
        for size in (64, 16)
    )
    whole = laws.passed(link_channel(large, 0), BlockKey(Phase.TEST, 0, 0), symbols, 1)
    channel = link_channel(small, 0)
    parts = [laws.passed(channel, BlockKey(Phase.TEST, 0, number), symbols[:, :16], 1) for number in range(4)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    live = [laws.passed(channel, BlockKey(Phase.SERVE, 0, number), symbols[:, :1], 1) for number in range(64)]
    again = [laws.passed(link_channel(small, 0), BlockKey(Phase.SERVE, 0, n), symbols[:, :1], 1) for n in range(64)]
    np.testing.assert_array_equal(live, again)


@pytest.mark.parametrize("modulation", ["qpsk", "16-qam"])
def test_a_step_is_a_symbol_of_i_and_q(modulation: str) -> None:
    """The losses of n complex symbols a sample are those of n real ones."""
    model = bursts(0.2, 0.3, unit="symbol")
    pairs = link_channel(laws.config_of(model, digital={"modulation": modulation}), 1).draw(LOAD, (2, 300, 9))
    reals = link_channel(laws.config_of(model), 1).draw(LOAD, (2, 300, 5))
    np.testing.assert_array_equal(pairs[..., ::2], reals)
    np.testing.assert_array_equal(pairs[..., 1::2], reals[..., :-1])


def test_symbols_of_an_adapted_link_meet_steps_of_their_own_however_wide_its_samples_are() -> None:
    """All of one long chain. A sample has as many of its steps as BPSK with all bits has symbols: 2·3."""

    def channel_under(modulation: str) -> ChannelModel[Any]:
        channel = {"model": bursts(0.2, 0.3, unit="symbol"), "receiver": {"csi": "perfect"}}
        rows = [{"bits": 1}, {"from_db": 10.0}]
        settings = {
            "encoder": {"dimension": 3},
            "quantizer": {"breakpoints": 3},
            "channel": channel | {"digital": {"modulation": modulation}},
            "adaptation": {"policy": "table", "rows": rows},
        }
        return link_channel(RunConfig.model_validate(settings), 0)

    serve = [BlockKey(Phase.SERVE, 0, number) for number in range(300)]
    widest = np.array([channel_under("bpsk").draw(key, (1, 1, 6))[0, 0] for key in serve])
    assert 0.2 < np.mean(widest[1:, 0] != widest[:-1, 5]) / (2 * 0.4 * 0.6) < 0.8  # neighbours: 1 − ρ = 0.5
    assert 0.8 < np.mean(widest[1:, 0] != widest[:-1, 0]) / (2 * 0.4 * 0.6) < 1.2  # six steps apart: 1 − ρ⁶
    for modulation, reals, symbols in (("bpsk", 3, 3), ("qpsk", 6, 3), ("16-qam", 4, 2)):
        masks = np.array([channel_under(modulation).draw(key, (1, 1, reals))[0, 0] for key in serve])
        np.testing.assert_array_equal(masks[:, :: 1 if modulation == "bpsk" else 2], widest[:, :symbols])


def test_independent_erasures_beside_bursts_are_independent_of_them() -> None:
    config = laws.config_of("awgn")
    both = [
        link_channel(config.model_copy(update={"channel": laws.config_of(model).channel}), 0).draw(LOAD, (1, 1, 2000))
        for model in ({"name": "erasures", "probability": 0.5}, bursts(0.5, 0.5, unit="symbol"))
    ]
    assert abs(np.corrcoef(both[0].ravel(), both[1].ravel())[0, 1]) < 5 / np.sqrt(2000)


def test_the_rate_is_that_of_the_link_without_loss() -> None:
    config = laws.config_of([bursts(), "awgn"], psnr_db=10.0)
    np.testing.assert_allclose(rate_noise_variances(config, 1, laws.KEY), [0.1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p_bad": 0.7, "p_good": 0.6}, r"p_bad \+ p_good = 1\.\d+: expected a number in \[0.0001, 1\]"),
        ({"p_bad": 0.0, "p_good": 0.0}, r"p_bad \+ p_good = 0\.0: expected a number in \[0.0001, 1\]"),
        ({"p_bad": -0.1, "p_good": 0.6}, r"p_bad = -0\.1: expected a number in \[0, 1\]"),
        ({"p_bad": 0.1, "p_good": 0.6, "loss_bad": 2}, r"loss_bad = 2: expected a number in \[0, 1\]"),
        ({"p_bad": 0.1, "p_good": 0.6, "unit": "bit"}, "unit = bit: expected symbol or sample"),
    ],
)
def test_a_bad_option_is_refused_by_its_value(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^channel.model = gilbert-elliott, link 0: .*{message}"):
        check_rate_noise(laws.config_of([{"name": "gilbert-elliott", **options}, "awgn"]))
