"""The seam of bounds: what the registry names, and what another package may add."""

from pathlib import Path

import pytest
import torch

from splitwave.common.config.registry import BOUNDS
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.fused import Grid
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.rate.bound import Bound, bound_named
from splitwave.device.rate.bounds.quadrature import QUADRATURE
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.fused import bound_rate
from tests.entry_points import add_entry_points


@pytest.mark.parametrize("name", BOUNDS.built_in)
def test_every_name_has_an_implementation_with_both_forms(name: str) -> None:
    bound = bound_named(name)
    mu, theta = torch.tensor([[0.1, -0.4]]).double(), torch.tensor([[0.3, 0.1]]).double()
    grid = Grid.of(Codebook(3).double())
    log_pmf = symbol_log_pmf(mu, theta, grid.breakpoints)
    definition = bound.definition(log_pmf, grid.levels, 0.1)
    rate = bound_rate(mu, theta, grid, noise_variance=0.1, bound=bound)
    assert isinstance(bound, Bound)
    assert definition.shape == (1, 2)
    assert rate.item() == pytest.approx(definition.sum().item(), abs=1e-5)


def test_a_run_may_name_every_bound_and_no_other() -> None:
    schema = RunConfig.model_json_schema()["$defs"]["ObjectiveSettings"]["properties"]["bound"]
    assert schema == {"default": "tight", "enum": list(BOUNDS.names), "title": "Bound", "type": "string"}
    with pytest.raises(ValueError, match=r"there is no 'quadrat'; there are: tight, .*did you mean 'quadrature'"):
        RunConfig.model_validate({"objective": {"bound": "quadrat"}})


@pytest.mark.usefixtures("toys")
def test_another_packages_bound_is_named_and_used_like_a_built_in_one() -> None:
    config = RunConfig.model_validate({"objective": {"bound": "toy-energy"}})
    bound = bound_named(config.objective.bound)
    mu, theta = 2 * torch.rand(2, 9, 4, generator=torch.Generator().manual_seed(0)).double() - 1
    grid = Grid.of(Codebook(3).double())
    least, actual, most = (
        bound_rate(mu, theta.abs() + 0.01, grid, noise_variance=0.1, bound=each).item()
        for each in (QUADRATURE, bound, TIGHT)
    )
    assert least < actual < most


def test_an_object_that_is_no_bound_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.bounds]\nfloor = math:floor\n")
    with pytest.raises(ConfigError, match=r"^objective\.bound = floor: <built-in function floor> lacks a part of"):
        bound_named("floor")
