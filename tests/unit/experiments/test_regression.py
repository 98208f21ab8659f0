"""Regression of propagation times: the sizes of the paper's networks, their outputs, and that they learn."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.bluetooth_tones import BLUETOOTH_TONES
from splitwave.common.data.simulated import Simulation
from splitwave.common.data.views import row_view
from splitwave.common.data.wifi_csi import WIFI_CSI
from splitwave.common.learning.backbones.backbone import make_decoder, make_encoder
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.randomness import Purpose, generator
from splitwave.common.tasks.regression import Regression
from splitwave.device.learning.views import Views
from splitwave.experiments.inprocess_run import InprocessRun

BETAS = [1e-5, 1.0]


def config_of(data: str, backbone: str, *, gated: bool = False, **sections: object) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": 1,
            "data": {"name": data},
            "encoder": {"backbone": backbone, "dimension": 64},
            "quantizer": {"breakpoints": 0},
            "hypernetwork": {"beta": BETAS} if gated else {},
            "channel": {"psnr_db": 20.0},
            **sections,
        }
    )


def networks(config: RunConfig) -> list[nn.Module]:
    return [make_encoder(config.encoder, config.view_shape, config.conditions), make_decoder(config)]


@pytest.mark.parametrize(
    ("data", "backbone", "gated", "numbers", "papers"),
    [
        ("bluetooth-tones", "tones", False, 559_169, 55.92e4),
        ("bluetooth-tones", "tones", True, 561_987, 56.21e4),
        ("wifi-csi", "csi", False, 653_889, 65.42e4),
        ("wifi-csi", "csi", True, 665_027, 66.48e4),
    ],
)
def test_the_networks_have_nearly_the_papers_sizes(
    data: str, backbone: str, gated: bool, numbers: int, papers: float
) -> None:
    """tones: 158-704-576-64 and 64-64-1; csi: 3 × 3 convolutions 2-64-64, 512-768-256-64 and 64-128-1."""
    parameters = [p for network in networks(config_of(data, backbone, gated=gated)) for p in network.parameters()]
    assert sum(parameter.numel() for parameter in parameters) == numbers
    assert abs(numbers / papers - 1) < 5e-3


@pytest.mark.parametrize(("links", "view"), [(1, (2, 3, 30)), (3, (2, 1, 30))])
def test_csi_networks_have_two_convolutions_and_two_hidden_layers(links: int, view: tuple[int, ...]) -> None:
    config = config_of("wifi-csi", "csi", links=links)
    encoder = make_encoder(config.encoder, config.view_shape).double()
    initialise_linear_layers(encoder, seed=1, party=0)
    x = torch.randn(5, math.prod(view), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = encoder.parameters()
    maps = functional.conv2d(x.view(5, *view), k1, b1, stride=2, padding=1).relu()
    maps = functional.conv2d(maps, k2, b2, stride=2, padding=1).relu()
    assert maps.shape == (5, 64, 1, 8)
    hidden = ((maps.flatten(1) @ w3.T + b3).relu() @ w4.T + b4).relu()
    mean, spread = encoder(x)
    torch.testing.assert_close(mean, (hidden @ w5.T + b5).tanh())
    torch.testing.assert_close(mean.square() + spread.square(), torch.ones_like(mean))


@pytest.mark.parametrize(("data", "backbone"), [("bluetooth-tones", "tones"), ("wifi-csi", "csi")])
def test_folded_networks_give_the_same_answers_as_gated_ones(data: str, backbone: str) -> None:
    config = config_of(data, backbone, gated=True)
    encoder = make_encoder(config.encoder, config.view_shape, config.conditions)
    gates = [parameter for name, parameter in encoder.named_parameters() if name.endswith("slope")]
    assert len(gates) == {"tones": 3, "csi": 2 * 2 + 3}[backbone]
    with torch.no_grad():
        for gate in gates:
            gate.fill_(0.3)
    x = torch.randn(6, math.prod(config.view_shape), generator=torch.Generator().manual_seed(0))
    rows = np.log(np.array([[1e-4], [1e-1]], dtype=np.float32))
    together = encoder(x, torch.from_numpy(rows))  # three samples a row
    for number, row in enumerate(rows):
        part = slice(3 * number, 3 * number + 3)
        plain = FoldedNetwork(encoder).under(row[None], version=number)
        for folded, gated in zip(plain(x[part]), together, strict=True):
            torch.testing.assert_close(folded, gated[part])


def measured(simulation: Simulation, samples: int, place: int, links: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Views of a few measurements, and their delays."""
    rng = generator(1, Purpose.SIMULATED_DATA, phase=place)
    images, delays_ns = simulation.measure(simulation.propagation, samples, rng)
    images = images.reshape(-1, *simulation.IMAGE_SHAPE)
    return [row_view(images, links, link) for link in range(links)], delays_ns


def run_of(config: RunConfig, simulation: Simulation, train: int, test: int) -> InprocessRun:
    (train_views, train_ns), (test_views, test_ns) = (
        measured(simulation, count, place, config.links) for place, count in enumerate((train, test))
    )
    views = [Views(*pair, "test data") for pair in zip(train_views, test_views, strict=True)]
    return InprocessRun(config, views, train_ns, test_ns)


TRAINING = {"training": {"epochs": 5, "batch_size": 64, "learning_rate": 1e-3}}


@pytest.mark.parametrize(
    ("simulation", "backbone", "links", "gated"),
    [
        pytest.param(BLUETOOTH_TONES, "tones", 1, True, marks=pytest.mark.e2e),
        pytest.param(WIFI_CSI, "csi", 1, True, marks=pytest.mark.e2e),
        pytest.param(WIFI_CSI, "csi", 3, False, marks=pytest.mark.e2e),
    ],
    ids=["bluetooth, gated", "wifi, gated", "wifi, one antenna per device"],
)
def test_training_finds_the_line_of_sight(simulation: Simulation, backbone: str, links: int, gated: bool) -> None:
    name = "wifi-csi" if simulation is WIFI_CSI else "bluetooth-tones"
    config = config_of(name, backbone, gated=gated, links=links, objective={"beta": 1e-4}, **TRAINING)
    run = run_of(config, simulation, train=2000, test=500)
    before = run.evaluate(Phase.TEST, 0, Symbols.HARD).error
    records = list(run.train(lambda _: None))
    after = run.evaluate(Phase.TEST, 0, Symbols.HARD).error
    task = config.task
    assert isinstance(task, Regression)
    # An answer that ignores the input has at least the variance of the times as its error.
    assert before == pytest.approx(task.scale_ns**2, rel=0.2)
    assert after < 0.25 * task.scale_ns**2
    assert [record.training_error for record in records] == pytest.approx(
        [record.distortion * task.scale_ns**2 for record in records], rel=1e-4
    )


def test_antennas_are_distributed_over_devices_or_shared() -> None:
    assert config_of("wifi-csi", "linear", links=3).view_shape == (2, 1, 30)
    assert config_of("wifi-csi", "linear", links=2).view_shape == (2, 2, 30)
    assert config_of("wifi-csi", "csi", links=6).view_shape == (2, 1, 30)
    assert config_of("bluetooth-tones", "linear", links=2).view_shape == (2, 1, 79)
