"""Evaluates a checkpoint with an engine, such as a testbed of processes: one short run for each condition.

An engine reports the test error of a run; answers and symbols stay with its parties, so there is neither confusion
matrix nor codebook use.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from splitwave.common.config.run_config import RunConfig
from splitwave.experiments.evaluation.evaluation import EvaluationResult, Measure, Request, measure_errors
from splitwave.testbed.engine import Engine, Job

_FEWEST_QUERIES = {"latency_samples": 1}
"""An evaluation does not use the serving pass that ends a run."""


def evaluate_checkpoint(
    checkpoint: Path,
    config: RunConfig,
    request: Request,
    *,
    engine: Engine,
    engine_name: str,
    data_dir: Path | None,
    show: Callable[[str], None] = lambda _: None,
) -> EvaluationResult:
    """Evaluate a checkpoint with an engine.

    Raises:
        SplitwaveError: the model was not trained for a condition, or the engine failed.
    """
    with TemporaryDirectory(prefix="splitwave-evaluate-") as logs:
        measure = _measure_with(engine, checkpoint, data_dir, Path(logs))
        return measure_errors(config, request, measure, engine_name, show)


def _measure_with(engine: Engine, checkpoint: Path, data_dir: Path | None, logs: Path) -> Measure:
    def measure(settings: RunConfig) -> float:
        inference = settings.inference.model_copy(update=_FEWEST_QUERIES)
        config = settings.model_copy(update={"inference": inference})
        return engine.run(Job(config, data_dir, checkpoint, restore=True, log_dir=logs), lambda _: None).error

    return measure
