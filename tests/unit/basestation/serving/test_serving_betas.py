import pytest

from splitwave.basestation.serving.serving_betas import ServingBetas
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError


def conditioned(low: float = 1e-4) -> RunConfig:
    return RunConfig.model_validate({"links": 2, "hypernetwork": {"beta": [low, 1.0]}, "objective": {"beta": [0.5, 1]}})


def test_the_settings_hold_until_a_beta_is_set() -> None:
    betas = ServingBetas(conditioned())
    assert (betas.betas, betas.was_set(0)) == ([0.5, 1.0], False)
    assert betas.set_beta(1, 0.2) == [1]
    assert (betas.betas, betas.was_set(0), betas.was_set(1)) == ([0.5, 0.2], False, True)
    assert betas.set_beta(None, 0.3) == [0, 1]
    assert betas.betas == [0.3, 0.3]


def test_the_beta_that_are_set_hold_for_the_next_model() -> None:
    betas = ServingBetas(conditioned())
    betas.set_beta(0, 0.01)
    betas.check_fits(conditioned(1e-3))
    betas.use(conditioned(1e-3))
    assert betas.betas == [0.01, 1.0]
    with pytest.raises(
        ProtocolError, match=r"link 0: β = 0.01: expected a number from 0.1 to 1.0.*; set another first"
    ):
        betas.check_fits(conditioned(0.1))


def test_a_beta_that_is_folded_in_is_the_only_one() -> None:
    betas = ServingBetas(conditioned(), folded=True)
    assert betas.set_beta(0, 0.5) == [0]
    with pytest.raises(ProtocolError, match=r"β = 1.0 of link 1 folded in; export the run with --conditions-as-input"):
        betas.set_beta(None, 0.5)
    assert not betas.was_set(1)


@pytest.mark.parametrize(
    ("config", "link", "beta", "reason"),
    [
        (RunConfig(), 0, 0.5, "not β-conditioned"),
        (conditioned(), 0, 2.0, "expected a number from 0.0001 to 1.0"),
        (conditioned(), 2, 0.5, "link 2 does not exist: this model has links 0 to 1"),
    ],
    ids=["plain", "range", "link"],
)
def test_a_beta_that_cannot_be_set_is_refused(config: RunConfig, link: int, beta: float, reason: str) -> None:
    betas = ServingBetas(config)
    before = betas.betas
    with pytest.raises(ProtocolError, match=reason):
        betas.set_beta(link, beta)
    assert betas.betas == before


def test_plain_networks_have_no_beta() -> None:
    assert ServingBetas(RunConfig()).betas == []
