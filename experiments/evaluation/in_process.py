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
    task = run.config.task
    confusion = ConfusionMatrix.empty(task.classes) if isinstance(task, Classification) else None
    uses = _unused_codebooks(run)
    for answered in run.answered_blocks(Phase.TEST, 0, Symbols.HARD):
        if confusion:
            confusion = confusion.with_answers(answered.targets, answered.answers)
        for block in answered.blocks:
            if isinstance(block.payload, LevelPayload):
                uses[block.link] = uses[block.link].with_indices(block.payload.indices)
    return confusion, tuple(uses.values())


def _unused_codebooks(run: InprocessRun) -> dict[int, CodebookUse]:
    shape = (run.config.encoder.dimension, run.config.quantizer.breakpoints + 1)
    codebooks = {link: worker.model.codebook for link, worker in enumerate(run.workers)}
    return {
        link: CodebookUse(link, codebook.levels().detach().numpy(), np.zeros(shape, dtype=np.int64))
        for link, codebook in codebooks.items()
        if codebook is not None
    }
