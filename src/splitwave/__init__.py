"""Splitwave, a testbed for task-oriented communication. Its packages lie at the top of the repository (ADR 1).

The names in `__all__` are the public interface, `import splitwave as sw` (ADR 22). Each is imported when it is first
used, because the services and the command line import this package, too, and need neither torch nor the testbed.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splitwave.common.config.layers import load_config
    from splitwave.common.config.run_config import RunConfig
    from splitwave.common.errors import SplitwaveError
    from splitwave.common.records.results import EpochRecord
    from splitwave.experiments.api.model import Model, load
    from splitwave.experiments.api.stages import Symbols
    from splitwave.experiments.api.testbed import Testbed
    from splitwave.experiments.api.training import TrainingResult, train
    from splitwave.experiments.evaluation.codebook_use import CodebookUse
    from splitwave.experiments.evaluation.confusion import ConfusionMatrix
    from splitwave.experiments.evaluation.evaluation import ErrorPoint, EvaluationResult

__version__ = "0.1.0"

__all__ = [
    "CodebookUse",
    "ConfusionMatrix",
    "EpochRecord",
    "ErrorPoint",
    "EvaluationResult",
    "Model",
    "RunConfig",
    "SplitwaveError",
    "Symbols",
    "Testbed",
    "TrainingResult",
    "__version__",
    "load",
    "load_config",
    "train",
]

_MODULES = {
    "CodebookUse": "splitwave.experiments.evaluation.codebook_use",
    "ConfusionMatrix": "splitwave.experiments.evaluation.confusion",
    "EpochRecord": "splitwave.common.records.results",
    "ErrorPoint": "splitwave.experiments.evaluation.evaluation",
    "EvaluationResult": "splitwave.experiments.evaluation.evaluation",
    "Model": "splitwave.experiments.api.model",
    "RunConfig": "splitwave.common.config.run_config",
    "SplitwaveError": "splitwave.common.errors",
    "Symbols": "splitwave.experiments.api.stages",
    "Testbed": "splitwave.experiments.api.testbed",
    "TrainingResult": "splitwave.experiments.api.training",
    "load": "splitwave.experiments.api.model",
    "load_config": "splitwave.common.config.layers",
    "train": "splitwave.experiments.api.training",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
