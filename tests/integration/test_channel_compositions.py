"""Over every channel model, in every composition of two, a distributed run equals one in one process to the bit.

Models join by their names in the registry; a dozen compositions are in the ordinary suite.
"""

import asyncio
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from splitwave.common.config.channel_settings import ChannelModelChoice
from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import use_data_folder
from splitwave.common.protocol.channel_model import channel_model
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.records.manifest import BASESTATION_PART, device_part
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.test_equality import assert_same_weights, compare
from tests.integration.test_equality import config_of as levels_config
from tests.integration.testbed import run_distributed, tiny_data
from tests.unit.channel.models.test_registered import NEEDED_OPTIONS

NAMES = tuple(CHANNEL_MODELS.built_in)
LINKS, STEPS = 2, 2


def choice(name: str) -> dict[str, Any]:
    return {"name": name, **NEEDED_OPTIONS.get(name, {})}


def can_be_composed(first: str, second: str) -> bool:
    """Whether a chain may have these: one model that mixes links at most, and a model that is not linear only first."""
    models = [channel_model(ChannelModelChoice(**choice(name)), RunConfig(), 0) for name in (first, second)]
    mixing = [model for model in models if getattr(model, "is_shared", False)]
    nonlinear = [model for model in models if hasattr(model, "adjoint_at")]
    return len(mixing) < len(models) and models[1] not in nonlinear and not (mixing and nonlinear)


PAIRS = [pair for pair in permutations(NAMES, 2) if can_be_composed(*pair)]
BRIEF = {*pairwise((*NAMES, NAMES[0]))}
"""Each model before the next in the registry, so each is first of one pair and second of another."""


def config_of(pair: tuple[str, str]) -> RunConfig:
    """Two steps of two micro-batches, over a chain of these models; AWGN is behind them if it is not one of them."""
    names = pair if AWGN in pair else (*pair, AWGN)
    return RunConfig.model_validate(
        {
            "seed": 5,
            "links": LINKS,
            "encoder": {"dimension": 6},
            "quantizer": {"breakpoints": 6},
            "objective": {"draws": 2, "beta": 0.01},
            "channel": {"model": [choice(name) for name in names]},
            "training": {"epochs": 1, "batch_size": 35, "micro_batches": 2},
            "inference": {"block_size": 10, "latency_samples": 3},
        }
    )


@pytest.fixture(autouse=True)
def _trace_file(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("data")
    rows = "".join(f"{second / 1000},{link},{-(second + link) % 7}\n" for link in range(LINKS) for second in range(40))
    folder.joinpath("trace.csv").write_text("time_s,link,gain_db\n" + rows, encoding="utf-8")
    monkeypatch.setenv("SPLITWAVE_DATA_DIR", str(folder))
    use_data_folder(None)


@pytest.mark.parametrize(
    "pair", [pytest.param(pair, marks=[] if pair in BRIEF else [pytest.mark.e2e], id="-".join(pair)) for pair in PAIRS]
)
def test_a_distributed_run_equals_one_process_over_every_composition(pair: tuple[str, str], tmp_path: Path) -> None:
    config, data = config_of(pair), tiny_data(LINKS)
    oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    *_, last = oracle.train(lambda _: None)
    hard, soft = (oracle.evaluate(Phase.TEST, 0, symbols) for symbols in (Symbols.HARD, Symbols.SOFT))
    oracle.serve(0)

    result = asyncio.run(run_distributed(config, data, tmp_path))

    assert result.steps == STEPS == last.step
    for link, worker in enumerate(oracle.workers):
        assert_same_weights(worker.model, tmp_path / device_part(link))
    assert_same_weights(oracle.trainer.decoder, tmp_path / BASESTATION_PART)
    assert result.weights_sha256 == combined_sha256([*oracle.device_sha256, oracle.basestation_sha256])
    assert (result.error, result.error_soft) == (hard.error, soft.error)
    assert (result.queries, result.served) == (oracle.served.queries(), oracle.served.results())


def test_clipped_levels_of_straight_through_training_have_the_gradients_of_one_process(tmp_path: Path) -> None:
    """The devices send level indices, so that the emulator keeps the levels that it looked up."""
    chains = [[{"name": "clipping", "amplitude": 0.6}, AWGN], [AWGN]]
    compare(levels_config(2, 1, 1, "straight-through", 7, channel={"model": chains}), tmp_path)


def test_each_model_is_in_a_composition_of_the_ordinary_suite() -> None:
    assert {name for pair in PAIRS if pair in BRIEF for name in pair} == set(NAMES)


def test_models_change_the_weights_that_a_run_ends_with() -> None:
    """Else equal weights would not show that both runs meet the same channel."""
    digests = set()
    for pair in [(AWGN, "rayleigh"), ("rayleigh", AWGN), ("clarke", AWGN), ("path-loss", AWGN), ("shadowing", AWGN)]:
        data = tiny_data(LINKS)
        oracle = InprocessRun(config_of(pair), data.views, data.labels.train, data.labels.test)
        list(oracle.train(lambda _: None))
        digests.add(combined_sha256([*oracle.device_sha256, oracle.basestation_sha256]))
    assert len(digests) == 5
