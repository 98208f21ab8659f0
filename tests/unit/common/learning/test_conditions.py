"""Conditions of the networks: they are drawn for each step and link, cover the range, and are equal at all parties."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.backbones.backbone import make_decoder, make_encoder
from splitwave.common.learning.backbones.encoder import MIN_THETA
from splitwave.common.learning.conditions import BlockConditions, RunConditions
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_noise import noise_variances
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan

LOW, HIGH = 1e-5, 1.0
SAMPLES = 24


def config_of(**sections: object) -> RunConfig:
    return RunConfig.model_validate(
        {
            "encoder": {"dimension": 3},
            "training": {"epochs": 2, "batch_size": SAMPLES, "micro_batches": 1},
            "hypernetwork": {"beta": [LOW, HIGH], "draws": 4},
            "objective": {"beta": [0.5, 0.25]},
            **sections,
        }
    )


def of_step(config: RunConfig, step: int = 0, micro_batch: int = 0, samples: int = 4000) -> BlockConditions:
    return RunConditions(config).of(RunPlan(config, samples, 8), BlockKey(Phase.TRAIN, step, micro_batch))


def drawn(config: RunConfig, steps: int = 100) -> NDArray[np.float64]:
    """The β of several steps, (steps, K, T_β)."""
    return np.stack([of_step(config, step).betas for step in range(steps)])


def test_log_uniform_draws_cover_all_decades_of_the_range() -> None:
    shares = np.log(drawn(config_of()) / LOW) / math.log(HIGH / LOW)
    assert ((shares >= 0) & (shares <= 1)).all()
    # Every step has one value in each quarter of the range.
    assert (np.sort(np.floor(shares * 4), axis=-1) == np.arange(4)).all()
    # 800 draws, uniform within strata of width 1/4: σ of the mean is 0.25/√(12·800) = 0.0026.
    assert abs(shares.mean() - 0.5) < 5 * 0.0026


def test_uniform_draws_are_rarely_small() -> None:
    betas = drawn(config_of(hypernetwork={"beta": [LOW, HIGH], "draws": 4, "sampling": "uniform"}))
    assert abs(betas.mean() - 0.5) < 5 * 0.0026
    assert (betas < 0.001).mean() < 0.01


def test_draws_are_independent_between_links_and_steps() -> None:
    betas = np.log(drawn(config_of(), steps=200))
    first, second = betas[:, 0].ravel(), betas[:, 1].ravel()
    # The correlation of 800 independent pairs has σ = 1/√800 = 0.035.
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 * 0.035
    assert len(np.unique(betas)) == betas.size


def test_equal_seeds_give_equal_draws() -> None:
    np.testing.assert_array_equal(of_step(config_of()).betas, of_step(config_of()).betas)
    assert (of_step(config_of()).betas != of_step(config_of(seed=1)).betas).all()


@pytest.mark.parametrize("micro_batches", [1, 2, 3, 5])
def test_the_beta_of_a_sample_does_not_depend_on_the_micro_batches(micro_batches: int) -> None:
    training = {"epochs": 2, "batch_size": SAMPLES, "micro_batches": micro_batches}
    parts = [of_step(config_of(training=training), 3, part) for part in range(micro_batches)]
    cut = np.concatenate([np.repeat(part.betas, part.counts, axis=1) for part in parts], axis=1)
    whole = of_step(config_of(), 3)
    assert whole.counts == (6, 6, 6, 6)
    np.testing.assert_array_equal(cut, np.repeat(whole.betas, whole.counts, axis=1))


def test_inputs_have_one_row_per_value_and_in_a_short_batch_one_row_per_sample() -> None:
    config = config_of()
    assert of_step(config).rows(0, 1).shape == (4, 2)
    short = of_step(config, step=1, samples=SAMPLES + 6)  # 30 = 24 + 6, so six samples share four values
    assert sum(short.counts) == 6
    assert short.rows(0, 1).shape == (6, 2)


def test_groups_end_where_either_beta_or_the_noise_changes() -> None:
    config = config_of(
        hypernetwork={"beta": [LOW, HIGH], "draws": 4, "psnr": True},
        channel={"training_psnr_db": [0.0, 20.0], "training_psnr_draws": 3},
    )
    conditions = of_step(config)
    assert conditions.counts == (6, 2, 4, 4, 2, 6)  # β changes after 6, 12 and 18 of 24 samples, σ² after 8 and 16
    of_beta, of_noise = [0, 1, 1, 2, 2, 3], [0, 0, 1, 1, 2, 2]
    for link in range(2):
        betas, variances = conditions.betas[link], noise_variances(config, link, Phase.TRAIN, 0)
        assert [len(set(betas[np.array(of_beta) == value])) for value in range(4)] == [1] * 4
        np.testing.assert_array_equal(conditions.variances[link], variances[of_noise])
        np.testing.assert_allclose(conditions.inputs[link][:, 1], np.log(variances[of_noise]), rtol=1e-6)


def test_rows_hold_log_beta_and_log_noise_variance_of_each_link() -> None:
    config = config_of(
        hypernetwork={"beta": [LOW, HIGH], "draws": 4, "psnr": True}, channel={"training_psnr_db": [0.0, 20.0]}
    )
    block = of_step(config, 2)
    expected = np.stack(
        [
            column
            for link in (0, 1)
            for column in (
                np.log(block.betas[link]),
                np.full(4, math.log(noise_variances(config, link, Phase.TRAIN, 2)[0])),
            )
        ],
        axis=1,
    )
    np.testing.assert_allclose(block.rows(0, 1), expected, rtol=1e-6)
    np.testing.assert_array_equal(block.rows(1), block.rows(0, 1)[:, 2:])


@pytest.mark.parametrize("phase", [Phase.VALIDATION, Phase.TEST, Phase.SERVE])
def test_a_pass_has_the_beta_of_the_settings(phase: Phase) -> None:
    config = config_of(data={"validation": 8})
    block = RunConditions(config).of(RunPlan(config, 40, 8), BlockKey(phase, 0, 0))
    np.testing.assert_allclose(block.rows(0, 1), [[math.log(0.5), math.log(0.25)]], rtol=1e-6)
    assert block.weights.tolist() == [1.0]


@pytest.mark.parametrize("phase", [Phase.VALIDATION, Phase.TEST, Phase.SERVE])
def test_a_pass_with_a_given_beta_ignores_the_settings(phase: Phase) -> None:
    config = config_of(data={"validation": 8})
    block = RunConditions(config).of(RunPlan(config, 40, 8), BlockKey(phase, 0, 0), (0.1, 0.2))
    np.testing.assert_allclose(block.rows(0, 1), [[math.log(0.1), math.log(0.2)]], rtol=1e-6)
    assert (block.betas.tolist(), block.weights.tolist()) == ([[0.1], [0.2]], [1.0])


def test_plain_networks_have_no_conditions_and_equal_weights_for_all_samples() -> None:
    block = of_step(config_of(hypernetwork={}))
    assert block.rows(0, 1).shape == (1, 0)
    assert block.betas.tolist() == [[0.5], [0.25]]
    assert block.a_sample(block.weights).tolist() == [1.0] * SAMPLES


def test_balance_reduces_the_weight_of_losses_at_large_beta() -> None:
    block = of_step(config_of(hypernetwork={"beta": [LOW, HIGH], "draws": 4, "balance": 0.5}))
    expected = [((a + 1e-4) * (b + 1e-4)) ** -0.25 for a, b in block.betas.T.tolist()]
    np.testing.assert_allclose(block.weights, expected)
    assert (
        of_step(config_of(hypernetwork={"beta": [LOW, HIGH], "draws": 4, "balance": 0.0})).weights.tolist() == [1.0] * 4
    )


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"encoder": {"backbone": "conv", "dimension": 3}}, "backbone conv has no hyper-layers"),
        ({"hypernetwork": {"psnr": True}}, "training_psnr_db gives no range to train over"),
        ({"objective": {"beta": 0.0}}, r"objective\.beta = 0\.0 is an input.*hypernetwork\.beta = \[1e-05, 1\.0\]"),
        ({"objective": {"beta": [0.5, 2.0]}}, r"objective\.beta = \[0\.5, 2\.0\] is an input"),
        (
            {"hypernetwork": {"psnr": True}, "channel": {"training_psnr_db": [0.0, 5.0]}},
            r"channel\.psnr_db = 10\.0 is an input.*training_psnr_db = \[0\.0, 5\.0\]",
        ),
        ({"hypernetwork": {"balance": 0.3}}, r"hypernetwork\.balance = 0\.3 does nothing without hypernetwork\.beta"),
        ({"hypernetwork": {"gate_learning_rate": 2.0}}, r"gate_learning_rate = 2\.0 does nothing"),
        ({"channel": {"training_psnr_shared": True}}, r"training_psnr_shared = True does nothing without channel"),
        ({"hypernetwork": {"beta": [1.0, 1e-5]}}, "low ≤ high"),
        ({"hypernetwork": {"beta": [0.0, 1.0]}}, "greater than 0"),
    ],
)
def test_settings_that_cannot_be_inputs_are_refused(sections: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        config_of(**sections)


def sizes(**hypernetwork: object) -> int:
    config = RunConfig.model_validate(
        {"links": 1, "encoder": {"backbone": "vib", "dimension": 64}, "hypernetwork": hypernetwork}
    )
    networks = make_encoder(config.encoder, config.view_shape, config.conditions), make_decoder(config)
    return sum(parameter.numel() for network in networks for parameter in network.parameters())


def test_the_networks_for_mnist_have_the_sizes_of_the_paper() -> None:
    """Table I of Hyper-VIB has 18.81e4 and 18.94e4; the gates of 682 outputs have two parameters each."""
    assert sizes() == 188_074
    assert sizes(beta=[LOW, HIGH]) == 189_438


def test_symbols_of_the_vib_network_have_unit_power_and_finite_gradients() -> None:
    config = config_of(encoder={"backbone": "vib", "dimension": 5}, hypernetwork={})
    encoder = make_encoder(config.encoder, config.view_shape)
    for scale in (1e-3, 1.0, 1e4):
        encoder.zero_grad()
        mean, spread = encoder(scale * torch.randn(7, 392, generator=torch.Generator().manual_seed(0)))
        power = mean.square() + spread.square()
        torch.testing.assert_close(power, torch.ones_like(power), rtol=0, atol=2e-6)
        assert spread.min().item() >= MIN_THETA
        torch.autograd.backward((mean + spread).sum())
        assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_a_folded_network_follows_conditions_and_weights() -> None:
    config = config_of(encoder={"backbone": "mlp", "dimension": 3})
    encoder = make_encoder(config.encoder, config.view_shape, config.conditions)
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name.endswith("slope"):
                parameter.fill_(0.3)
    network, x = FoldedNetwork(encoder), torch.rand(4, 392, generator=torch.Generator().manual_seed(0))
    for version, beta in enumerate((0.1, 0.001)):
        rows = np.array([[math.log(beta)]], dtype=np.float32)
        plain = network.under(rows, version)
        assert network.under(rows, version) is plain
        torch.testing.assert_close(plain(x), encoder(x, torch.from_numpy(rows)))
        assert not any("gate" in name for name, _ in plain.named_parameters())
    assert network.under(rows, version + 1) is not plain


def test_the_network_is_folded_again_after_loading_weights_without_a_step() -> None:
    config = config_of(encoder={"backbone": "linear", "dimension": 3})
    encoder, other = (make_encoder(config.encoder, config.view_shape, config.conditions) for _ in range(2))
    for number, module in enumerate((encoder, other)):
        initialise_linear_layers(module, seed=number, party=0)
    network = FoldedNetwork(encoder)
    rows, x = np.array([[-1.0]], dtype=np.float32), torch.ones(2, 392)
    before = network.under(rows, 0)(x)[0]
    encoder.load_state_dict(other.state_dict())
    after = network.under(rows, 0)(x)[0]
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, other(x, torch.from_numpy(rows))[0])
