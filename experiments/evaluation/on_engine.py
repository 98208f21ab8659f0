"""Evaluates a checkpoint with an engine, such as a testbed of processes: one short run for each condition.

An engine reports the test error of a run; answers and symbols stay with its parties, so there is neither confusion
matrix nor codebook use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from splitwave.common.config.run_config import RunConfig
from splitwave.experiments.evaluation.evaluation import EvaluationResult, Request, measure_errors
from splitwave.testbed.engine import Job, load_engine

_FEWEST_QUERIES = {"latency_samples": 1}
"""An evaluation does not use the serving pass that ends a run."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of an evaluation: of the checkpoint, of the data sets, and of the user's modules.

    Attributes:
        checkpoint: the folder to restore.
        data_dir: the folder with the data sets.
        python_path: the folder to import what the settings name as `module:object` from, too.
    """

    checkpoint: Path
    data_dir: Path | None
    python_path: Path | None = None


def evaluate_checkpoint(
    folders: Folders, config: RunConfig, request: Request, engine: str, show: Callable[[str], None] = lambda _: None
) -> EvaluationResult:
    """Evaluate a checkpoint with an engine.

    Args:
        folders: the folders.
        config: the settings that trained the checkpoint.
        request: the extent.
        engine: name of an installed engine.
        show: receives a line before each condition is measured.

    Raises:
        SplitwaveError: the model was not trained for a condition, or the engine failed.
    """
    loaded = load_engine(engine)
    with TemporaryDirectory(prefix="splitwave-evaluate-") as logs:

        def measure(settings: RunConfig) -> float:
            inference = settings.inference.model_copy(update=_FEWEST_QUERIES)
            job = Job(
                settings.model_copy(update={"inference": inference}),
                folders.data_dir,
                folders.checkpoint,
                restore=True,
                log_dir=Path(logs),
                python_path=folders.python_path,
            )
            return loaded.run(job, lambda _: None).error

        return measure_errors(config, request, measure, engine, show)
