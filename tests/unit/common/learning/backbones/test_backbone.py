"""Backbones: those in the registry, and those that other packages add."""

from pathlib import Path

import pytest
import torch
from torch import nn

from splitwave.common.config.registry import BACKBONES, BUILT_IN_BACKBONES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.learning.backbones.backbone import Backbone, make_decoder, make_encoder
from splitwave.common.learning.backbones.encoder import MIN_THETA
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.records.checkpoint import weights_sha256
from tests.entry_points import add_entry_points

FIRST_WEIGHTS = {
    ("linear", False): ("c9af688aa61f3864", "7a7b8c8c09bf0df1"),
    ("linear", True): ("0e99d9ab7d129e55", "18108128ec820351"),
    ("tanh", False): ("5a06e52fe4eb4899", "7a7b8c8c09bf0df1"),
    ("tanh", True): ("b790156dc203b3f8", "18108128ec820351"),
    ("mlp", False): ("dae0a98cec0ae0f0", "7a7b8c8c09bf0df1"),
    ("mlp", True): ("89b11d231f0d5723", "18108128ec820351"),
    ("vib", False): ("52ae9525ce2cf82e", "42e9f94c30a898db"),
    ("vib", True): ("0159b7fd7ffd23b1", "d8065c586c665267"),
    ("tones", False): ("52820588eac96897", "a73b0ac013cc6b09"),
    ("tones", True): ("b64942efad09ed6d", "8c110da8c37deeae"),
    ("csi", False): ("95c1deb120eba979", "7c0dde773d202642"),
    ("csi", True): ("5c6465bd58425d0f", "7551c88228b8e610"),
    ("conv", False): ("f1d7b5774ea56ad4", "c533577c485e9f21"),
}
"""Digests of the names and initial values of all parameters, of a device and of the base station, by (backbone, gated).
A change here makes checkpoints unreadable and published runs impossible to repeat."""


def config_of(backbone: str, *, gated: bool = False, width: float = 1.0) -> RunConfig:
    return RunConfig.model_validate(
        {
            "encoder": {"backbone": backbone, "dimension": 8, "width": width},
            "hypernetwork": {"beta": [1e-4, 1.0]} if gated else {},
            "objective": {"beta": 1e-2},
        }
    )


def networks_of(config: RunConfig) -> tuple[nn.Module, nn.Module]:
    return make_encoder(config.encoder, config.view_shape, config.conditions), make_decoder(config)


@pytest.mark.parametrize("name", BUILT_IN_BACKBONES)
def test_every_name_has_an_implementation_with_the_traits_of_the_registry(name: str) -> None:
    backbone, line = BACKBONES.load(name), BUILT_IN_BACKBONES[name]
    assert isinstance(backbone, Backbone)
    assert (backbone.supports_conditions, backbone.has_width) == (line.supports_conditions, line.has_width)


def test_initial_weights_are_pinned_for_every_built_in_backbone() -> None:
    kinds = {(name, gated) for name, line in BUILT_IN_BACKBONES.items() for gated in {False, line.supports_conditions}}
    assert set(FIRST_WEIGHTS) == kinds


@pytest.mark.parametrize(("name", "gated"), FIRST_WEIGHTS)
def test_parameters_have_the_names_order_and_initial_values_of_published_runs(name: str, gated: bool) -> None:
    networks = networks_of(config_of(name, gated=gated, width=0.05 if name == "conv" else 1.0))
    for party, network in enumerate(networks):
        initialise_linear_layers(network, seed=0, party=party)
        assert weights_sha256(network)[:16] == FIRST_WEIGHTS[name, gated][party]


@pytest.mark.parametrize(("name", "gated"), FIRST_WEIGHTS)
def test_both_halves_fit_each_other(name: str, gated: bool) -> None:
    encoder, decoder = networks_of(config_of(name, gated=gated, width=0.05 if name == "conv" else 1.0))
    views = torch.rand(6, 392, generator=torch.Generator().manual_seed(0))
    of_device, of_all = ([torch.full((3, count), -2.0)] if gated else [] for count in (1, 2))
    mean, spread = encoder(views, *of_device)
    assert mean.shape == spread.shape == (6, 8)
    assert mean.abs().max() <= 1
    assert spread.min() >= MIN_THETA
    assert decoder(torch.cat([mean, mean], dim=1), *of_all).shape == (6, 10)


def test_settings_accept_every_registered_backbone_and_no_other() -> None:
    schema = RunConfig.model_json_schema()["$defs"]["EncoderSettings"]["properties"]["backbone"]
    assert schema == {"default": "linear", "enum": list(BACKBONES.names), "title": "Backbone", "type": "string"}
    with pytest.raises(ValueError, match=r"there is no 'con'; there are: linear, .*did you mean 'conv'"):
        config_of("con")


@pytest.mark.usefixtures("toys")
def test_a_backbone_of_another_package_is_used_like_a_built_in_one() -> None:
    encoder, decoder = networks_of(config_of("toy-pooled"))
    view = torch.arange(392.0).reshape(1, 14, 28)
    mean, _ = encoder(view.flatten(1))
    pooled = view.reshape(7, 2, 14, 2).mean((1, 3)).flatten()
    weights = encoder.state_dict()
    torch.testing.assert_close(mean[0], (weights["mean.weight"] @ pooled + weights["mean.bias"]).tanh())
    assert decoder(torch.zeros(3, 16)).shape == (3, 10)


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gated": True}, "the backbone toy-pooled has no hyper-layers; use linear, tanh, mlp, vib, tones or csi"),
        ({"width": 0.5}, "width = 0.5 needs the backbone conv, and this one is toy-pooled"),
    ],
)
def test_a_backbone_of_another_package_is_checked_when_its_networks_are_made(
    settings: dict[str, float], message: str
) -> None:
    config = config_of("toy-pooled", **settings)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf"^encoder\.backbone = toy-pooled: .*{message}$"):
        networks_of(config)


def test_an_object_that_is_no_backbone_is_refused_with_the_name_of_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.backbones]\nfloor = math:floor\n")
    with pytest.raises(ConfigError, match=r"^encoder\.backbone = floor: <built-in function floor> lacks a part of"):
        make_decoder(config_of("floor"))
