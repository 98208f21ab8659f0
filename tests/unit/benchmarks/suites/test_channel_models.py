"""Every registered channel model can be measured."""

from pathlib import Path

import pytest

from splitwave.benchmarks.floors.transmit import transmitted_normals_per_s
from splitwave.benchmarks.readings.report import Reading
from splitwave.benchmarks.readings.targets import TARGETS
from splitwave.benchmarks.suites.channel_models import config_of, mixes_links, table_of, write_trace
from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.files.data_folder import use_data_folder


@pytest.mark.parametrize("name", CHANNEL_MODELS.built_in)
def test_a_model_has_a_rate_unless_it_mixes_links(name: str, tmp_path: Path) -> None:
    config = config_of(name)
    assert [choice.name for choice in config.channel.chain(0)] == [*([name] if name != AWGN else []), AWGN]
    if mixes_links(name):
        return
    small = config.model_copy(update={"inference": config.inference.model_copy(update={"block_size": 8})})
    write_trace(tmp_path)
    assert transmitted_normals_per_s(small.canonical_json(), 2, tmp_path, encoded=True) > 0
    use_data_folder(None)


def test_the_table_has_the_fastest_first() -> None:
    readings = [Reading(f"models.{name}.over_awgn", "x", values) for name, values in (("a", (0.5, 0.6)), ("b", (0.9,)))]
    assert table_of(readings).splitlines()[1:] == [
        "b                        0.900  0.900 … 0.900",
        "a                        0.550  0.500 … 0.600",
    ]


def test_the_trace_has_a_target() -> None:
    assert TARGETS["models.trace.over_awgn"].bound == 0.9
