"""Points, decisions, draws and objective of DT-JSCC.

A share p̂ of n independent events has the standard deviation √(p(1 − p)/n); tolerances are five of these.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional

from splitwave.channel.digital.error_rates import symbol_error_rate
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.dt_jscc.network import DtJscc, drawn_indices
from splitwave.experiments.dt_jscc.objective import index_entropy, robust_bottleneck
from splitwave.experiments.dt_jscc.points import constellation_points, nearest_points
from splitwave.experiments.dt_jscc.settings import Modulation, Settings
from splitwave.experiments.dt_jscc.symbol_channel import SymbolChannel

KEY = BlockKey(Phase.TEST, 0, 0)


@pytest.mark.parametrize(("modulation", "codewords"), [("psk", 2), ("psk", 16), ("psk", 50), ("16-qam", 16)])
def test_points_have_unit_peak_and_are_the_nearest_to_themselves(modulation: Modulation, codewords: int) -> None:
    points = constellation_points(modulation, codewords)
    assert points.shape == (codewords, 2)
    assert points.norm(dim=1).max().item() == pytest.approx(1.0, abs=1e-6)
    assert nearest_points(points, points).tolist() == list(range(codewords))


@pytest.mark.parametrize(("modulation", "codewords", "same"), [("psk", 4, "qpsk"), ("16-qam", 16, "16-qam")])
def test_symbols_fail_as_often_as_the_closed_form_says(modulation: Modulation, codewords: int, same: str) -> None:
    settings = Settings(modulation=modulation, codewords=codewords, symbols=50)
    sent = torch.from_numpy(np.random.default_rng(0).integers(0, codewords, (2000, 50)))
    received = SymbolChannel(settings, 8.0).transmit(1, sent, KEY)
    measured, expected = (received != sent).double().mean().item(), symbol_error_rate(same, 8.0)
    assert abs(measured - expected) < 5 * (expected * (1 - expected) / sent.numel()) ** 0.5
    assert torch.equal(received, SymbolChannel(settings, 8.0).transmit(1, sent, KEY))


def test_indices_are_drawn_from_the_softmax_of_their_scores() -> None:
    scores = torch.tensor([0.5, -1.0, 2.0, 0.0])
    drawn = drawn_indices(scores.expand(40_000, 1, 4), 0.5, np.random.default_rng(1))
    assert torch.equal(drawn.sum(dim=-1).round(), torch.ones(40_000, 1))
    shares, expected = drawn.mean(dim=(0, 1)), scores.softmax(dim=0)
    assert ((shares - expected).abs() < 5 * (expected * (1 - expected) / 40_000).sqrt()).all()


def test_the_gradient_of_a_draw_is_that_of_its_softmax() -> None:
    scores = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float32, requires_grad=True)
    weights = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(1))
    (drawn_indices(scores, 0.5, np.random.default_rng(2)) * weights).sum().backward()  # type: ignore[no-untyped-call]
    exponential = torch.from_numpy(np.random.default_rng(2).standard_exponential((3, 2, 4), dtype=np.float32))
    soft = scores.detach().clone().requires_grad_()
    (((soft - exponential.log()) / 0.5).softmax(dim=-1) * weights).sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(scores.grad, soft.grad)


def test_the_objective_rewards_the_entropy_of_the_indices() -> None:
    even, sure = torch.zeros(5, 3, 8), torch.tensor([50.0] + [0.0] * 7).expand(5, 3, 8)
    assert index_entropy([even]).item() == pytest.approx(np.log(8), rel=1e-6)
    assert index_entropy([even, sure]).item() == pytest.approx(np.log(8) / 2, rel=1e-5)
    logits, labels = torch.randn(5, 10, generator=torch.Generator().manual_seed(0)), torch.arange(5)
    expected = functional.cross_entropy(logits, labels).item() - 0.1 * np.log(8)
    assert robust_bottleneck(logits, labels, [even], 0.1).item() == pytest.approx(expected, rel=1e-6)


def test_codewords_of_the_decided_indices_are_decoded() -> None:
    settings = Settings(symbols=3, codewords=4, features=6, decoder_widths=(8, 8))
    network = DtJscc(settings, [20, 12])
    scores = network.scores([torch.rand(5, 20), torch.rand(5, 12)])
    assert [each.shape for each in scores] == [(5, 3, 4), (5, 3, 4)]
    indices = [each.argmax(dim=-1) for each in scores]
    by_hand = torch.cat([network.devices[k].codebook[indices[k]].flatten(1) for k in range(2)], dim=1)  # type: ignore[index]
    chosen = [functional.one_hot(each, 4).float() for each in indices]
    torch.testing.assert_close(network.decode(chosen), network.decoder(by_hand))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"modulation": "16-qam", "codewords": 4}, "codewords = 4: modulation = 16-qam has 16 points"),
        ({"symbols": 20, "features": 10}, "features = 10 for symbols = 20"),
        ({"schedule": {"epochs": 0}}, "nothing would be trained"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings.model_validate(wrong)
