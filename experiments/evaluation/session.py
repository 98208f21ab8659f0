"""An evaluation for the command line: measures, writes a results folder, prints a table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.tasks.wording import Wording
from splitwave.experiments.evaluation.evaluation import ErrorPoint, EvaluationResult, Request
from splitwave.experiments.evaluation.figures import draw_all
from splitwave.experiments.evaluation.files import write_tables
from splitwave.experiments.evaluation.in_process import evaluate_run
from splitwave.experiments.evaluation.on_engine import Folders, evaluate_checkpoint
from splitwave.experiments.inprocess_checkpoints import load_checkpoint
from splitwave.experiments.inprocess_run import open_run
from splitwave.testbed.engine import IN_THIS_PROCESS
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.preflight import check_data, check_own_code
from splitwave.testbed.results.results_folder import ResultsFolder
from splitwave.testbed.terminal.columns import columns

_FOLDER = "evaluate"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A finished evaluation, and the folder that holds its files."""

    result: EvaluationResult
    folder: Path


def run_evaluation(
    checkpoint: Path,
    config: RunConfig,
    request: Request,
    *,
    engine: str,
    data_dir: Path | None,
    python_path: Path,
    results: Path,
    show: Callable[[str], None],
) -> Evaluated:
    """Evaluate a checkpoint and write the results folder.

    Args:
        checkpoint: the folder of the checkpoint.
        config: its settings.
        request: the extent of the evaluation.
        engine: name of an installed engine.
        data_dir: folder with the data sets, as the user gave it.
        python_path: folder to import what the settings name as `module:object` from, too.
        results: folder that holds all results.
        show: receives a line before each condition is measured.

    Raises:
        SplitwaveError: a condition is invalid, the data are missing, or the engine failed.
    """
    request.check(config)
    data_dir = existing_data_dir(data_dir)
    check_own_code(request.reference.settings(config), python_path, engine)
    check_data(config, data_dir, engine)
    folder = ResultsFolder(results, _FOLDER, config, data_dir)
    with folder, folder.naming_errors():
        if engine == IN_THIS_PROCESS:
            run = open_run(config, data_dir)
            load_checkpoint(run, checkpoint)
            result = evaluate_run(run, request, show)
        else:
            folders = Folders(checkpoint, data_dir, python_path)
            result = evaluate_checkpoint(folders, config, request, engine, show)
        write_tables(result, folder.path)
    # The tables are published: a figure that cannot be drawn does not remove them.
    with naming_full_disk(results):
        draw_all(result, folder.figures)
    return Evaluated(result, folder.path)


def result_lines(result: EvaluationResult) -> list[str]:
    """Return the tables of an evaluation as lines of text."""
    wording = result.config.task.wording
    rows = [(_name(point), *_cells(point, wording)) for point in result.points]
    lines = columns([("PSNR", wording.error, "± 95 % over noise"), *rows])
    if result.ablation:
        rows = [(name, *_cells(point, wording)) for name, point in result.ablation.items()]
        lines += ["", *columns([("at the run's own PSNR", wording.error, "± 95 % over noise"), *rows])]
    if result.codebooks:
        uses = [
            (
                f"link {use.link}",
                f"{use.levels_used} of {len(use.levels)}",
                f"{use.entropy_bits:.3f}",
                f"{use.mean_power:.3f}",
            )
            for use in result.codebooks
        ]
        lines += ["", *columns([("codebook", "levels used", "entropy, bits a symbol", "mean power"), *uses])]
    return lines


def _name(point: ErrorPoint) -> str:
    return "the run's own" if point.psnr_db is None else f"{point.psnr_db:g} dB"


def _cells(point: ErrorPoint, wording: Wording) -> tuple[str, str]:
    half = point.half_width
    return wording.error_in_full(point.error), "" if half is None else f"{wording.scale * half:.3g} {wording.unit}"
