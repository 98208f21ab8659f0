"""The networks of Table II: shapes and numbers of parameters, which are calculated by hand."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.backbones.backbone import make_decoder, make_encoder
from splitwave.common.learning.backbones.conv import ConvDecoder, ConvTrunk
from splitwave.common.learning.backbones.decoder import Decoder
from splitwave.common.learning.convolution import ResidualBlock, conv_unit, scaled
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.randomness import Purpose, generator

D = 57


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def config_of(links: int, overlap: float = 0.0, width: float = 1.0) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": links,
            "data": {"name": "cifar10", "overlap": overlap},
            "encoder": {"backbone": "conv", "width": width, "dimension": D},
        }
    )


def map_shapes(parts: nn.Sequential, x: Tensor) -> list[tuple[int, ...]]:
    shapes = []
    for part in parts:
        x = part(x)
        shapes.append(tuple(x.shape[1:]))
    return shapes


@pytest.mark.parametrize(
    ("links", "overlap", "rows", "last"),
    [(1, 0.0, 32, 4), (2, 0.0, 16, 2), (4, 0.0, 8, 1), (2, 0.5, 21, 3), (4, 0.5, 13, 2), (32, 0.0, 1, 1)],
)
def test_the_maps_of_a_device_have_the_shapes_of_table_2(links: int, overlap: float, rows: int, last: int) -> None:
    shape = config_of(links, overlap).view_shape
    trunk = ConvTrunk(shape)

    assert shape == (3, rows, 32)
    with torch.no_grad():
        maps = map_shapes(trunk.layers, torch.zeros(1, *shape))
        flat = trunk(torch.zeros(5, math.prod(shape)))
    assert maps == [(128, rows, 32), (512, last, 4), (4, last, 4)]
    assert flat.shape == (5, trunk.features) == (5, 4 * last * 4)


# Convolutions have no offset; a normalisation has 2 parameters per channel.
FIRST = (3 * 64 * 9 + 2 * 64) + (64 * 128 * 9 + 2 * 128) + 2 * (128 * 128 * 9 + 2 * 128)
SECOND = (128 * 256 * 9 + 2 * 256) + (256 * 512 * 9 + 2 * 512) + 2 * (512 * 512 * 9 + 2 * 512) + (512 * 512 + 2 * 512)
LAST = 512 * 4 * 9 + 4


@pytest.mark.parametrize(("links", "features", "total"), [(1, 64, 6_857_014), (2, 32, 6_853_366), (4, 16, 6_851_542)])
def test_a_device_has_the_parameters_of_table_2(links: int, features: int, total: int) -> None:
    encoder = make_encoder(config_of(links).encoder, config_of(links).view_shape)
    assert parameters(encoder) == FIRST + SECOND + LAST + 2 * (features * D + D) == total


@pytest.mark.parametrize(("links", "total"), [(1, 10_640_522), (2, 10_644_170), (4, 10_651_466)])
def test_the_base_station_has_the_maps_and_parameters_of_table_2(links: int, total: int) -> None:
    decoder = make_decoder(config_of(links))
    assert isinstance(decoder, ConvDecoder)
    with torch.no_grad():
        maps = map_shapes(decoder.maps, decoder.spread_out(torch.zeros(1, links * D)))
        logits = decoder(torch.zeros(3, links * D))

    assert decoder.spread_out(torch.zeros(1, links * D)).shape == (1, 4, 4, 4)
    assert maps == [(256, 4, 4), (512, 4, 4), (512, 4, 4), (512, 4, 4)]
    assert logits.shape == (3, 10)
    fully_connected = (links * D + 1) * 64 + (512 + 1) * 10
    convolutions = (4 * 256 * 9 + 2 * 256) + (256 * 512 * 9 + 2 * 512) + 2 * 2 * (512 * 512 * 9 + 2 * 512)
    assert parameters(decoder) == fully_connected + convolutions == total


def test_width_scales_only_the_hidden_channels() -> None:
    settings = config_of(2, width=0.25)
    trunk, decoder = ConvTrunk(settings.view_shape, 0.25), make_decoder(settings)
    assert isinstance(decoder, ConvDecoder)
    with torch.no_grad():
        assert map_shapes(trunk.layers, torch.zeros(1, 3, 16, 32)) == [(32, 16, 32), (128, 2, 4), (4, 2, 4)]
        maps = map_shapes(decoder.maps, decoder.spread_out(torch.zeros(1, 2 * D)))
    assert maps == [(64, 4, 4), (128, 4, 4), (128, 4, 4), (128, 4, 4)]
    assert [scaled(64, width) for width in (1e-3, 0.05, 1.0, 2.0)] == [1, 3, 64, 128]


def test_only_the_conv_backbone_has_the_decoder_of_table_2() -> None:
    assert isinstance(make_decoder(RunConfig()), Decoder)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_residual_block_adds_its_shortcut_to_the_output_of_two_convolutions(stride: int) -> None:
    block = ResidualBlock(8, stride).double()
    initialise_linear_layers(block, seed=3, party=0)
    x = torch.randn(2, 8, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = block.state_dict()
    first = functional.conv2d(x, weights["residual.0.0.weight"], stride=stride, padding=1)
    hidden = functional.group_norm(first, 8).relu()
    residual = functional.group_norm(functional.conv2d(hidden, weights["residual.1.weight"], padding=1), 8)
    past = x
    if stride == 2:
        past = functional.group_norm(functional.conv2d(x, weights["shortcut.0.weight"], stride=2), 8)
    torch.testing.assert_close(block(x), (past + residual).relu())


def test_the_features_of_a_sample_do_not_depend_on_the_rest_of_its_batch() -> None:
    trunk = ConvTrunk((3, 8, 32), 0.1).double()
    initialise_linear_layers(trunk, seed=1, party=0)
    x = torch.rand(6, 3 * 8 * 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.cat([trunk(x[:2]), trunk(x[2:])]), trunk(x))


def test_convolutions_are_initialised_from_keyed_randomness_in_their_order() -> None:
    network = nn.Sequential(conv_unit(3, 4), nn.Linear(5, 2))
    initialise_linear_layers(network, seed=9, party=2)
    weights = network.state_dict()
    rng = generator(9, Purpose.INITIALISATION, link=2, step=0)
    bound = 27**-0.5
    expected = torch.from_numpy(rng.uniform(-bound, bound, (4, 3, 3, 3))).float()
    assert torch.equal(weights["0.0.weight"], expected)
    assert weights["0.1.weight"].tolist() == [1.0] * 4
    rng = generator(9, Purpose.INITIALISATION, link=2, step=1)
    bound = 5**-0.5
    assert torch.equal(weights["1.weight"], torch.from_numpy(rng.uniform(-bound, bound, (2, 5))).float())
    assert torch.equal(weights["1.bias"], torch.from_numpy(rng.uniform(-bound, bound, 2)).float())
