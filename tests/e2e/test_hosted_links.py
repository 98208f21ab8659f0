"""Device processes that host several links give the same results with fewer processes."""

from pathlib import Path

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.records.results import RunResult
from splitwave.experiments.inprocess_engine import InprocessEngine
from splitwave.testbed.engine import Engine, Job
from splitwave.testbed.processes.engine import ProcessEngine


def run(engine: Engine, config: RunConfig, folder: Path, links_per_process: int = 1) -> RunResult:
    checkpoint, logs = folder / "ckpt", folder / "logs"
    for part in (folder, checkpoint, logs):
        part.mkdir()
    return engine.run(Job(config, None, checkpoint, False, logs, links_per_process), lambda _: None)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("links", "each", "logs"),
    [
        (4, 2, ["device-0-1", "device-2-3"]),
        (5, 4, ["device-0-3", "device-4"]),
        (64, 32, ["device-0-31", "device-32-63"]),
    ],
)
def test_links_that_share_a_process_give_the_same_results_as_one_process(
    links: int, each: int, logs: list[str], tmp_path: Path
) -> None:
    config = RunConfig.model_validate(
        {
            "links": links,
            "encoder": {"dimension": 8},
            "training": {"epochs": 1},
            "inference": {"latency_samples": 20},
        }
    )

    alone = run(InprocessEngine(), config, tmp_path / "alone")
    hosted = run(ProcessEngine(), config, tmp_path / "hosted", each)

    assert hosted.weights_sha256 == alone.weights_sha256
    assert (hosted.error, hosted.error_soft) == (alone.error, alone.error_soft)
    assert len(hosted.hop_times_ns) == 20 * links
    names = sorted(path.stem for path in (tmp_path / "hosted" / "logs").glob("device-*.log"))
    assert names == logs


def test_a_process_hosts_one_link_or_more(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="links_per_process = 0"):
        run(ProcessEngine(), RunConfig(), tmp_path / "none", 0)
