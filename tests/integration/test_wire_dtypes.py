"""Runs whose real symbols and gradients travel as bfloat16."""

from pathlib import Path

import pytest

from splitwave.common.records.checkpoint import combined_sha256
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import tiny_data


@pytest.mark.parametrize(
    ("forward", "breakpoints", "draws", "channel"),
    [
        ("soft", 15, 2, {}),
        ("soft", 0, 1, {"model": ["rayleigh"], "receiver": {"csi": "perfect", "equaliser": "mmse", "inputs": True}}),
        ("straight-through", 15, 2, {"downlink": {"bits": 4}}),
        ("soft", 0, 1, {"model": ["over-the-air", "awgn"]}),
    ],
)
def test_equality_holds_for_symbols_and_gradients_that_travel_as_bfloat16(
    forward: str, breakpoints: int, draws: int, channel: dict[str, object], tmp_path: Path
) -> None:
    runtime = {"wire_dtype": "bfloat16"}
    compare(config_of(2, draws, 2, forward, breakpoints, runtime=runtime, channel=channel), tmp_path)


def test_bfloat16_on_the_wire_changes_the_weights() -> None:
    data, digests = tiny_data(2), set()
    for dtype in ("float32", "bfloat16"):
        config = config_of(2, 1, 1, "soft", 15, runtime={"wire_dtype": dtype})
        oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
        list(oracle.train(lambda _: None))
        digests.add(combined_sha256([*oracle.device_sha256, oracle.basestation_sha256]))
    assert len(digests) == 2
