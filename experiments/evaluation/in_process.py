"""Evaluates a trained run in the current process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import LevelPayload
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.tasks.classification import Classification
from splitwave.experiments.evaluation.codebook_use import CodebookUse
from splitwave.experiments.evaluation.confusion import ConfusionMatrix
from splitwave.experiments.evaluation.evaluation import EvaluationResult, Request, measure_errors
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.testbed.engine import IN_THIS_PROCESS

MAX_CLASSES = 1024
"""Confusion matrices of more classes would fill the memory, and nobody could read them."""


def evaluate_run(run: InprocessRun, request: Request, show: Callable[[str], None] = lambda _: None) -> EvaluationResult:
    """Evaluate a run that has its trained weights; afterwards it has the settings that it had before.

    Raises:
        ConfigError: the model was not trained for a condition.
    """
    trained = run.trainer.config

    def measure(settings: RunConfig) -> float:
        run.retune(settings)
        return run.evaluate(Phase.TEST, 0, Symbols.HARD).error

    try:
        with torch_threads(trained.runtime.torch_threads):
            result = measure_errors(trained, request, measure, IN_THIS_PROCESS, show)
            run.retune(request.reference.settings(trained))
            confusion, codebooks = _count(run)
    finally:
        run.retune(trained)
    return replace(result, confusion=confusion, codebooks=codebooks)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute with this many threads, which decide the last bit, and restore their number afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _count(run: InprocessRun) -> tuple[ConfusionMatrix | None, tuple[CodebookUse, ...]]:
    """Count answers and levels in one pass over the test split."""
    task, dimension = run.config.task, run.config.encoder.dimension
    classes = task.classes if isinstance(task, Classification) and task.classes <= MAX_CLASSES else 0
    answers = np.zeros((classes, classes), dtype=np.int64)
    levels = np.zeros((run.config.links, dimension, run.config.quantizer.breakpoints + 1), dtype=np.int64)
    for answered in run.answered_blocks(Phase.TEST, 0, Symbols.HARD):
        if classes:
            np.add.at(answers, (answered.targets.astype(np.int64), answered.answers.astype(np.int64)), 1)
        for block in answered.blocks:
            if isinstance(block.payload, LevelPayload):
                np.add.at(levels[block.link], (np.arange(dimension), block.payload.indices), 1)
    codebooks = [(link, worker.model.codebook) for link, worker in enumerate(run.workers)]
    uses = [
        CodebookUse(link, codebook.levels().detach().numpy(), levels[link])
        for link, codebook in codebooks
        if codebook is not None
    ]
    return ConfusionMatrix(answers) if classes else None, tuple(uses)
