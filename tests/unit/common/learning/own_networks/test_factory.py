"""Networks that a user's factory makes: their weights, their modes, and what is refused."""

import math
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.learning.optimiser import PartyOptimiser, trained_parameters
from splitwave.common.learning.own_networks.factory import basestation_network, device_network
from splitwave.common.learning.own_networks.own_network import OwnNetwork
from splitwave.common.records.checkpoint import load_part, save_part, weights_sha256
from splitwave.device.learning.model import DeviceModel

MODULE = "tests.unit.common.learning.own_networks.networks_of_a_user"


def config_of(encoder: str | None = None, decoder: str | None = None, **more: object) -> RunConfig:
    named = {"encoder": encoder, "decoder": decoder}
    networks = {section: {"network": f"{MODULE}:{name}"} for section, name in named.items() if name}
    return RunConfig.model_validate({"seed": 3, **networks, **more})


def test_equal_seeds_and_links_give_equal_weights_whatever_torch_drew_before() -> None:
    def weights(seed: int, link: int) -> str:
        torch.rand(7)
        return weights_sha256(DeviceModel(config_of("recurrent", seed=seed), link))

    assert weights(3, 0) == weights(3, 0)
    assert len({weights(3, 0), weights(3, 1), weights(4, 0)}) == 3


def test_making_a_network_leaves_torchs_generator_alone() -> None:
    state = torch.get_rng_state()
    device_network(config_of("recurrent"), 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_heads_are_initialised_like_those_of_backbones_and_the_factorys_weights_are_kept() -> None:
    model = DeviceModel(config_of("recurrent"), 1)
    made = device_network(config_of("recurrent"), 1)
    own, again = model.encoder.get_submodule("trunk"), made.get_submodule("trunk")
    assert weights_sha256(own) == weights_sha256(again)
    head = model.encoder.get_parameter("mean.weight")
    assert tuple(head.shape) == (28, 5)
    assert head.abs().max() <= 1 / math.sqrt(5)
    assert not torch.equal(head, made.get_parameter("mean.weight"))


def test_a_frozen_front_keeps_its_weights_and_statistics_in_training_steps() -> None:
    model = DeviceModel(config_of("small"), 0)
    before = {name: values.clone() for name, values in model.state_dict().items()}
    optimiser = PartyOptimiser(model.encoder, 1.0)
    views = torch.rand(8, 392, generator=torch.Generator().manual_seed(0))
    mean, spread = model.encode(views, None)
    torch.autograd.backward([mean.sum(), spread.sum()])
    optimiser.step(0.1)
    changed = {name for name, values in model.state_dict().items() if not torch.equal(values, before[name])}
    assert not any(name.startswith("encoder.trunk.network.0.") for name in changed)
    assert {"encoder.trunk.network.2.weight", "encoder.trunk.network.3.running_var", "encoder.mean.bias"} <= changed
    assert all(weights.requires_grad for weights in trained_parameters(model))


def test_a_pass_uses_the_statistics_of_training_and_changes_none() -> None:
    encoder = DeviceModel(config_of("small"), 0).encoder
    views = torch.rand(8, 392, generator=torch.Generator().manual_seed(0))
    encoder(views)
    digest = weights_sha256(encoder)
    with torch.no_grad():
        together = encoder.mean_of(views)
        single = torch.cat([encoder.mean_of(view[None]) for view in views])
    assert weights_sha256(encoder) == digest
    torch.testing.assert_close(together, single)
    assert not torch.allclose(encoder(views)[0], together)


def test_weights_sha256_covers_frozen_parameters() -> None:
    encoder = device_network(config_of("small"), 0)
    digest = weights_sha256(encoder)
    with torch.no_grad():
        encoder.get_parameter("trunk.network.0.0.bias").add_(1)
    assert weights_sha256(encoder) != digest


def test_tied_parameters_come_back_from_a_checkpoint_tied(tmp_path: Path) -> None:
    model, other = (DeviceModel(config_of("tied", seed=seed), 0) for seed in (1, 2))
    digest = save_part(tmp_path / "part", model)
    load_part(tmp_path / "part", other, digest)
    assert weights_sha256(other) == digest
    first, second = (other.encoder.get_parameter(f"trunk.network.{place}.weight") for place in (0, 2))
    assert first is second


def test_a_decoder_gets_the_symbols_of_all_links() -> None:
    decoder = basestation_network(config_of(decoder="decoder", links=3))
    assert isinstance(decoder, OwnNetwork)
    decoder.use(training=False)
    assert decoder(torch.zeros(4, 3 * 28)).shape == (4, 10)
    assert isinstance(decoder.network, nn.Sequential)


LINK_0 = r" \(link 0\): "
REFUSED = {
    "wrong_layer": LINK_0 + r"layer 1, Linear\(in_features=784, .*\): expected \(…, 784\), got \(2, 392\)",
    "wrong_channels": LINK_0
    + r"layer 0\.1, Conv2d\(3, 4, .*\): expected \(N, 3, height, width\), got \(2, 4, 12, 26\)",
    "maps": LINK_0 + r"its output for 2 samples: expected float32 of shape \(2, F\) .*, got .* \(2, 3, 12, 26\)",
    "pair": LINK_0 + r"layer \(the network itself\), GRU\(28, 3\): got \(2, 1, 14, 28\): ValueError: GRU: .*",
    "dropout": LINK_0 + r"it draws random numbers in training, .*: expected none, such as dropout with p = 0",
    "unused": LINK_0 + r"its output does not depend on idle\.weight, idle\.bias: expected a gradient .*",
    "failing": LINK_0 + r"the factory fails: LookupError: no weights in the cache, raised in .*networks_of_a_user.*",
    "no_network": LINK_0 + r"the factory: expected a torch\.nn\.Module, got int",
    "NUMBER": LINK_0 + r"expected a function of the shapes, got 3",
    "nothing": rf": {re.escape(MODULE)} has no 'nothing'",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_network_that_no_run_can_use_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        device_network(config_of(name), 0)
    pattern = rf"encoder\.network = {re.escape(MODULE)}:{name}{REFUSED[name]}"
    assert re.fullmatch(pattern, str(refused.value)), str(refused.value)


@pytest.mark.parametrize(
    ("name", "more", "reason"),
    [
        ("seven", {}, r"its output: expected \(N, 10\), got \(N, 7\)"),
        ("deaf", {}, r"its output does not depend on \(its input\): .*"),
        ("decoder", {"runtime": {"decoder_shards": 2}}, r"it keeps statistics .*: expected decoder_shards = 1"),
    ],
)
def test_a_decoder_that_no_run_can_use_is_refused_in_one_line(name: str, more: object, reason: str) -> None:
    assert isinstance(more, dict)
    with pytest.raises(ConfigError) as refused:
        basestation_network(config_of(decoder=name, **more))
    pattern = rf"decoder\.network = {re.escape(MODULE)}:{name}: {reason}"
    assert re.fullmatch(pattern, str(refused.value)), str(refused.value)


def test_a_decoder_has_the_state_of_the_channels_among_its_inputs() -> None:
    receiver = {"csi": "perfect", "inputs": True}
    plain, knowing = config_of(decoder="decoder"), config_of(decoder="decoder", channel={"receiver": receiver})
    added = _inputs_of(basestation_network(knowing)) - _inputs_of(basestation_network(plain))
    assert added == 2 * plain.links


def _inputs_of(network: nn.Module) -> int:
    return next(layer.in_features for layer in network.modules() if isinstance(layer, nn.Linear))
