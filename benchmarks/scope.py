"""The parameters of every benchmark: how much it measures, and where it may write."""

from dataclasses import dataclass, field
from pathlib import Path

from splitwave.benchmarks.readings.report import Json, Report
from splitwave.benchmarks.readings.validity import Rules
from splitwave.common.config.run_config import RunConfig


@dataclass(frozen=True, slots=True)
class Scope:
    """The extent of the measurements.

    Attributes:
        quick: whether this is a smoke test, whose numbers are not meaningful.
        repetitions: repetitions of each side of a comparison.
        rules: the requirements of a load pass.
        ladder_rules: the requirements of a load pass of `scale`, which reports no p99.
        ladder_repetitions: repetitions of each load pass of `scale` and `server` that is not compared alternately.
        trainings: repetitions of each side of `training`.
        floor_queries: queries of one repetition of a floor.
        links: the numbers of links measured by `scale`.
        epochs: epochs of a training, by batch size; the first epoch is a warm-up.
        channel_blocks: blocks of one repetition through the channel emulator.
        bound_ms: the bound on p99 in the Server scenario.
        starts: number of timed starts of each process.
    """

    quick: bool
    repetitions: int
    rules: Rules
    ladder_rules: Rules
    ladder_repetitions: int
    trainings: int
    floor_queries: int
    links: tuple[int, ...]
    epochs: dict[int, int]
    channel_blocks: int
    bound_ms: float
    starts: int


@dataclass(frozen=True, slots=True)
class ModelSource:
    """The model that `live` serves; with neither field, it is trained by the testbed of `live`.

    Attributes:
        run: folder of a run's checkpoint, to be exported.
        model: a model folder.
    """

    run: Path | None = None
    model: Path | None = None


OWN_MODEL = ModelSource()


@dataclass(frozen=True, slots=True)
class Bench:
    """One session of benchmarks.

    Attributes:
        scope: how much is measured.
        folder: folder for logs and checkpoints of processes.
        figures: folder for plots and traces.
        data_dir: folder with the data sets, or None.
        airtime: add the modelled airtime to the plot.
        model: the model that `live` serves.
        begun: the reports of all benchmarks started so far, by name, so that a failed one keeps its readings.
    """

    scope: Scope
    folder: Path
    figures: Path
    data_dir: Path | None
    airtime: bool
    model: ModelSource = OWN_MODEL
    begun: dict[str, Report] = field(default_factory=dict)

    def begin(self, benchmark: str, settings: Json) -> Report:
        """Create the empty report of a benchmark."""
        self.begun[benchmark] = Report(benchmark, settings)
        return self.begun[benchmark]


FULL = Scope(
    quick=False,
    repetitions=5,
    rules=Rules(min_queries=1024, min_duration_s=2.0),
    ladder_rules=Rules(min_queries=256, min_duration_s=1.0),
    ladder_repetitions=3,
    trainings=5,
    floor_queries=1024,
    links=(1, 2, 4, 8, 16, 32, 64),
    epochs={256: 6, 1024: 10},
    channel_blocks=400,
    bound_ms=25.0,
    starts=3,
)
QUICK = Scope(
    quick=True,
    repetitions=1,
    rules=Rules(min_queries=32, min_duration_s=0.02, late_percentile=50),
    ladder_rules=Rules(min_queries=32, min_duration_s=0.02),
    ladder_repetitions=1,
    trainings=1,
    floor_queries=64,
    links=(4, 32),
    epochs={256: 2},
    channel_blocks=16,
    bound_ms=100.0,
    starts=1,
)


def short_run(links: int, *, block_size: int = 256, decoder_shards: int = 1) -> RunConfig:
    """Return settings of a testbed for load passes: the defaults (d = 28, T = 15, mnist5k) with a short training."""
    return RunConfig.model_validate(
        {
            "links": links,
            "training": {"epochs": 1, "batch_size": max(256, block_size)},
            "inference": {"block_size": block_size, "latency_samples": 20},
            "runtime": {"decoder_shards": decoder_shards},
        }
    )
