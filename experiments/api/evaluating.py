"""Evaluates a loaded model: over its run's test split, over samples of the user, or with a testbed."""

from pathlib import Path
from typing import Literal

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.files.data_folder import reading_from
from splitwave.common.tasks.task import Targets
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.api.samples import Inputs, views_of
from splitwave.experiments.api.settings import data_folder, module_folder
from splitwave.experiments.evaluation.evaluation import EvaluationResult, Request
from splitwave.experiments.evaluation.in_process import evaluate_run
from splitwave.experiments.evaluation.on_engine import Folders, evaluate_checkpoint
from splitwave.experiments.inprocess_run import InprocessRun, open_run
from splitwave.testbed.engine import IN_THIS_PROCESS
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.preflight import check_own_code


def evaluate_model(
    config: RunConfig,
    networks: Networks,
    folder: Path,
    request: Request,
    *,
    data: Literal["test"] | tuple[Inputs, Targets],
    engine: str,
    data_dir: str | Path | None,
    python_path: str | Path | None,
) -> EvaluationResult:
    """Evaluate networks in this process, or their checkpoint with another engine; see `Model.evaluate`.

    Raises:
        SplitwaveError: a condition is invalid, the data are missing, or the testbed failed.
    """
    request.check(config)
    if engine == IN_THIS_PROCESS:
        return evaluate_run(_run_over(config, networks, data, data_dir), request)
    if data != "test":
        raise ConfigError(f"engine = {engine}: a testbed evaluates the test split of its data set, not other samples")
    folders = Folders(folder, existing_data_dir(data_folder(data_dir)), module_folder(python_path))
    check_own_code(request.reference.settings(config), folders.python_path, engine)
    return evaluate_checkpoint(folders, config, request, engine)


def _run_over(
    config: RunConfig,
    networks: Networks,
    data: Literal["test"] | tuple[Inputs, Targets],
    data_dir: str | Path | None,
) -> InprocessRun:
    if isinstance(data, tuple):
        inputs, targets = data
        views = views_of(config, inputs)
        config.task.check_targets(targets)
        if len(targets) != len(views[0].test):
            raise DataError(f"{len(targets)} targets for {len(views[0].test)} inputs")
        with reading_from(data_folder(data_dir)):
            return networks.run_over(config, views, targets)
    if data != "test":
        raise ConfigError(f"data = {data!r}: expected 'test' or (inputs, targets)")
    return networks.put_into(open_run(config, existing_data_dir(data_folder(data_dir))))
