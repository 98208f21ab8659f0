"""The most important test: a distributed run and a run in one process have bitwise equal weights."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.bluetooth_tones import BLUETOOTH_TONES
from splitwave.common.data.simulated import Simulation
from splitwave.common.data.wifi_csi import WIFI_CSI
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.records.manifest import BASESTATION_PART, device_part
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.testbed import TinyData, run_distributed, tiny_data
from tests.integration.tiny_measurements import tiny_measurements

STEPS = 20


def config_of(links: int, draws: int, micro_batches: int, forward: str, breakpoints: int, **more: object) -> RunConfig:
    """Settings with 20 steps in 4 epochs; the last of the 5 batches of an epoch (70 = 4·16 + 6) is shorter."""
    return RunConfig.model_validate(
        {
            "seed": 5,
            "links": links,
            "encoder": {"dimension": 6},
            "quantizer": {"breakpoints": breakpoints, "forward": forward},
            "objective": {"draws": draws, "beta": 0.01},
            "training": {"epochs": 4, "batch_size": 16, "micro_batches": micro_batches},
            "inference": {"block_size": 10, "latency_samples": 3},
            **more,
        }
    )


def assert_same_weights(module: nn.Module, part: Path) -> None:
    saved = load_file(part)
    expected = module.state_dict()
    assert saved.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(saved[name], tensor), f"{part.name}: {name} differs"


def compare(config: RunConfig, tmp_path: Path, data: TinyData | None = None, links_a_stream: int = 1) -> None:
    data = data or tiny_data(config.links)
    oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    epochs = list(oracle.train(lambda _: None))
    hard = oracle.evaluate(Phase.TEST, 0, Symbols.HARD)
    soft = oracle.evaluate(Phase.TEST, 0, Symbols.SOFT)
    oracle.serve(0)

    result = asyncio.run(run_distributed(config, data, tmp_path, links_a_stream=links_a_stream))

    assert result.steps == STEPS == epochs[-1].step
    for link, worker in enumerate(oracle.workers):
        assert_same_weights(worker.model, tmp_path / device_part(link))
    assert_same_weights(oracle.trainer.decoder, tmp_path / BASESTATION_PART)
    assert result.weights_sha256 == combined_sha256([*oracle.device_sha256, oracle.basestation_sha256])
    assert (result.error, result.error_soft) == (hard.error, soft.error)
    for link, (cost, expected) in enumerate(zip(result.costs, hard.costs, strict=True)):
        # The port takes two bytes of a message, unless it is 0.
        port_bytes = 2 * oracle.plan.block_count(Phase.TEST, 0) if link % links_a_stream else 0
        assert cost == expected + UplinkCost(message_bytes=port_bytes)
    assert (result.queries, result.served) == (oracle.served.queries(), oracle.served.results())


Case = tuple[object, ...]


def covering(cases: Sequence[Case]) -> set[Case]:
    """A few of the cases, in which any two values of two parameters still meet."""
    missing, chosen = set().union(*map(_pairs, cases)), set()
    while missing:
        best = max(cases, key=lambda case: len(_pairs(case) & missing))
        missing -= _pairs(best)
        chosen.add(best)
    return chosen


def _pairs(case: Case) -> set[Case]:
    return set(itertools.combinations(enumerate(case), 2))


CASES = list(itertools.product((1, 2, 4), (1, 3), (1, 2), ("soft", "straight-through"), (0, 1, 6, 15)))
BRIEF = covering(CASES)


def test_the_brief_cases_are_few_and_have_each_pair_of_values() -> None:
    assert set().union(*map(_pairs, BRIEF)) == set().union(*map(_pairs, CASES))
    assert 12 <= len(BRIEF) <= 20


@pytest.mark.parametrize(
    ("links", "draws", "micro_batches", "forward", "breakpoints"),
    [pytest.param(*case, marks=[] if case in BRIEF else [pytest.mark.e2e]) for case in CASES],
)
def test_distributed_training_equals_one_process_bit_for_bit(
    links: int, draws: int, micro_batches: int, forward: str, breakpoints: int, tmp_path: Path
) -> None:
    compare(config_of(links, draws, micro_batches, forward, breakpoints), tmp_path)


@pytest.mark.parametrize("micro_batches", [1, 2])
def test_equality_holds_for_the_prior_bound_and_validation_passes_and_annealing(
    micro_batches: int, tmp_path: Path
) -> None:
    more = {
        "data": {"validation": 6},
        "quantizer": {"breakpoints": 15, "gamma": 5.0, "gamma_final": 40.0},
        "objective": {"bound": "prior", "beta": [0.01, 0.001], "draws": 2},
        "channel": {"psnr_db": [10.0, 3.0]},
        "training": {"epochs": 5, "batch_size": 16, "micro_batches": micro_batches},
    }
    compare(config_of(2, 1, micro_batches, "soft", 15, **more), tmp_path)


@pytest.mark.parametrize("breakpoints", [0, 15])
def test_equality_holds_for_the_exact_rate_and_a_psnr_drawn_each_step(breakpoints: int, tmp_path: Path) -> None:
    more = {
        "objective": {"bound": "quadrature", "beta": 0.01, "draws": 2},
        "channel": {"training_psnr_db": [0.0, 20.0]},
    }
    compare(config_of(2, 1, 2, "soft", breakpoints, **more), tmp_path)


@pytest.mark.parametrize(("links", "breakpoints", "backbone"), [(1, 0, "vib"), (2, 15, "linear"), (2, 7, "mlp")])
def test_equality_holds_for_networks_with_beta_and_psnr_as_inputs(
    links: int, breakpoints: int, backbone: str, tmp_path: Path
) -> None:
    more = {
        "data": {"validation": 6},
        "encoder": {"dimension": 6, "backbone": backbone},
        "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4, "psnr": True},
        "channel": {"training_psnr_db": [0.0, 20.0], "training_psnr_draws": 3, "training_psnr_shared": links == 2},
        "training": {"epochs": 5, "batch_size": 16, "micro_batches": 2},
    }
    compare(config_of(links, 2, 2, "soft", breakpoints, **more), tmp_path)


@pytest.mark.parametrize(
    ("simulation", "backbone", "links", "breakpoints", "gated"),
    [
        (BLUETOOTH_TONES, "tones", 1, 0, False),
        (BLUETOOTH_TONES, "tones", 1, 0, True),
        (WIFI_CSI, "csi", 1, 0, True),
        (WIFI_CSI, "csi", 3, 0, True),
        (WIFI_CSI, "csi", 3, 15, False),
    ],
    ids=lambda value: value.name if isinstance(value, Simulation) else str(value),
)
def test_equality_holds_for_propagation_times(
    simulation: Simulation, backbone: str, links: int, breakpoints: int, gated: bool, tmp_path: Path
) -> None:
    more = {
        "data": {"name": simulation.name, "validation": 6},
        "encoder": {"dimension": 6, "backbone": backbone},
        "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4} if gated else {},
        "training": {"epochs": 5, "batch_size": 16, "micro_batches": 2},
    }
    config = config_of(links, 2, 2, "soft", breakpoints, **more)
    compare(config, tmp_path, tiny_measurements(simulation, links))


@pytest.mark.parametrize(
    ("links", "links_a_stream", "backbone", "breakpoints", "conditioned"),
    [(4, 2, "linear", 15, False), (5, 3, "mlp", 0, False), (3, 3, "linear", 6, True), (8, 8, "linear", 15, False)],
)
def test_equality_holds_however_many_links_share_a_process(
    links: int, links_a_stream: int, backbone: str, breakpoints: int, conditioned: bool, tmp_path: Path
) -> None:
    more = {
        "data": {"validation": 6},
        "encoder": {"dimension": 6, "backbone": backbone},
        "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4} if conditioned else {},
        "training": {"epochs": 5, "batch_size": 16, "micro_batches": 2},
    }
    config = config_of(links, 2, 2, "straight-through", breakpoints, **more)
    compare(config, tmp_path, links_a_stream=links_a_stream)


def test_equality_holds_for_convolutions_in_bfloat16(tmp_path: Path) -> None:
    encoder = {"dimension": 6, "backbone": "conv", "width": 0.03}
    compare(config_of(2, 1, 2, "soft", 15, encoder=encoder, runtime={"bf16": True}), tmp_path)


def test_more_micro_batches_than_credits_still_finish(tmp_path: Path) -> None:
    compare(config_of(2, 1, 8, "soft", 15, runtime={"credits": 2}), tmp_path)


def test_two_runs_of_one_seed_agree_and_another_seed_differs(tmp_path: Path) -> None:
    config = config_of(2, 1, 1, "soft", 15)
    data = tiny_data(2)
    runs = [asyncio.run(run_distributed(config, data, tmp_path / name)) for name in ("a", "b")]
    other = asyncio.run(run_distributed(config.model_copy(update={"seed": 6}), data, tmp_path / "c"))
    assert runs[0].weights_sha256 == runs[1].weights_sha256 != other.weights_sha256


def test_a_restored_checkpoint_gives_the_results_of_the_run_that_wrote_it(tmp_path: Path) -> None:
    config = config_of(2, 1, 1, "straight-through", 15)
    data = tiny_data(2)
    trained = asyncio.run(run_distributed(config, data, tmp_path))
    restored = asyncio.run(run_distributed(config, data, tmp_path, restore=True))
    assert restored.steps == 0
    assert restored.error == trained.error
    assert restored.error_soft == trained.error_soft
    assert restored.weights_sha256 == trained.weights_sha256


def test_a_device_may_connect_directly_to_the_base_station(tmp_path: Path) -> None:
    """Without an emulator the link is ideal, with one draw and no noise; the run still trains and answers."""
    config = config_of(2, 3, 1, "straight-through", 15, encoder={"dimension": 32})
    result = asyncio.run(run_distributed(config, tiny_data(2), tmp_path, with_channel=False))
    assert result.error <= 0.5
    assert "emulate" not in result.hops
    assert "emulate" in asyncio.run(run_distributed(config, tiny_data(2), tmp_path)).hops


@pytest.mark.parametrize("micro_batches", [1, 2])
def test_equality_holds_if_the_decoder_works_in_shards(micro_batches: int, tmp_path: Path) -> None:
    compare(config_of(2, 3, micro_batches, "soft", 6, runtime={"decoder_shards": 3}), tmp_path)
