"""Runs whose base station knows the state of its links, and runs whose gradients arrive disturbed."""

import asyncio
import itertools
import re
from pathlib import Path

import pytest

from splitwave.common.errors import RunFailedError
from tests.integration.test_equality import compare, config_of, covering
from tests.integration.testbed import run_distributed, tiny_data

FADING = ["rayleigh", "awgn"]
CASES = [
    case
    for case in itertools.product(("perfect", "estimated"), ("none", "zero-forcing", "mmse"), (False, True), (1, 3))
    if case[1] != "none" or case[2]
]
BRIEF = covering(CASES)


def receiving(csi: str, equaliser: str, inputs: bool, **more: object) -> dict[str, object]:
    receiver = {"csi": csi, "equaliser": equaliser, "inputs": inputs}
    return {"model": FADING, "psnr_db": [10.0, 3.0], "receiver": receiver} | more


@pytest.mark.parametrize(
    ("csi", "equaliser", "inputs", "draws"),
    [pytest.param(*case, marks=[] if case in BRIEF else [pytest.mark.e2e]) for case in CASES],
)
def test_distributed_runs_equal_one_process_with_every_receiver(
    csi: str, equaliser: str, inputs: bool, draws: int, tmp_path: Path
) -> None:
    config = config_of(2, draws, 2, "soft", 15, channel=receiving(csi, equaliser, inputs))
    compare(config, tmp_path, links_a_stream=draws % 2 + 1)


CHAINS: dict[str, list[object]] = {
    "nonlinear": ["clipping", "rician", "awgn"],
    "losses": ["shadowing", "awgn", "erasures"],
    "one a link": [["rayleigh", "awgn"], ["awgn", "path-loss"]],
    "two gains": ["clarke", "phase-noise", "rayleigh", "awgn"],
}
OPTIONS: dict[str, dict[str, object]] = {
    "clipping": {"amplitude": 0.7},
    "erasures": {"probability": 0.1},
    "path-loss": {"distance_m": 2.0},
    "phase-noise": {"std_deg": 5.0},
}


def chosen(chain: list[object]) -> list[object]:
    """A chain whose models have the options that they need."""
    return [chosen(each) if isinstance(each, list) else {"name": each, **OPTIONS.get(str(each), {})} for each in chain]


@pytest.mark.parametrize("chain", list(CHAINS))
def test_a_receiver_stands_behind_any_chain_of_models(chain: str, tmp_path: Path) -> None:
    channel = receiving("estimated", "zero-forcing", inputs=True) | {"model": chosen(CHAINS[chain])}
    compare(config_of(2, 2, 2, "soft", 15, channel=channel), tmp_path)


@pytest.mark.parametrize(("forward", "draws"), [("soft", 2), ("straight-through", 1), ("straight-through", 2)])
def test_decisions_of_digital_symbols_come_with_the_state_of_their_link(
    forward: str, draws: int, tmp_path: Path
) -> None:
    channel = receiving("estimated", "zero-forcing", inputs=True, digital={"modulation": "16-qam"})
    compare(config_of(2, draws, 2, forward, 15, channel=channel), tmp_path)


@pytest.mark.parametrize("breakpoints", [0, 15])
def test_the_state_of_links_can_be_an_input_beside_beta_and_psnr(breakpoints: int, tmp_path: Path) -> None:
    drawn = {"training_psnr_db": [0.0, 20.0], "training_psnr_draws": 3}
    more = {
        "data": {"validation": 6},
        "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4, "psnr": True},
        "channel": receiving("estimated", "mmse", inputs=True, **drawn),
        "training": {"epochs": 5, "batch_size": 16, "micro_batches": 2},
    }
    compare(config_of(2, 1, 2, "straight-through", breakpoints, **more), tmp_path)


@pytest.mark.parametrize("missing", [{"fusion": {"down": [1]}}, {"runtime": {"decoder_shards": 3}}], ids=str)
def test_the_state_of_links_can_be_an_input_of_links_that_are_down_and_of_shards(
    missing: dict[str, object], tmp_path: Path
) -> None:
    config = config_of(2, 3, 1, "soft", 6, channel=receiving("perfect", "none", inputs=True), **missing)
    compare(config, tmp_path)


@pytest.mark.parametrize("downlink", [{"bits": 2}, {"psnr_db": 10.0}, {"bits": 4, "psnr_db": 3.0}], ids=str)
@pytest.mark.parametrize("model", ["awgn", FADING], ids=str)
def test_distributed_runs_equal_one_process_with_disturbed_gradients(
    model: object, downlink: dict[str, object], tmp_path: Path
) -> None:
    compare(config_of(2, 2, 2, "soft", 15, channel={"model": model, "downlink": downlink}), tmp_path)


def test_a_device_without_an_emulator_is_refused_where_the_state_of_its_channel_is_an_input(tmp_path: Path) -> None:
    config = config_of(2, 1, 1, "soft", 15, channel=receiving("perfect", "none", inputs=True))
    reason = "6 symbols a sample without the state of its channel, which channel.receiver.inputs = true makes an input"
    with pytest.raises(RunFailedError, match=re.escape(reason)):
        asyncio.run(run_distributed(config, tiny_data(2), tmp_path, with_channel=False))
