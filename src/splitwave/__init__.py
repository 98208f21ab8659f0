"""Splitwave, a testbed for task-oriented communication. Its packages lie at the top of the repository (ADR 1).

The names in `__all__` are the public interface, `import splitwave as sw` (ADR 22). Each is imported when it is first
used, because the services and the command line import this package, too, and need neither torch nor the testbed.
"""

import importlib
import os
from typing import TYPE_CHECKING

# ONNX Runtime reports its use to its makers from 1.29 on, unless this variable is 1 when it is first imported. All
# modules that import it are below this one. To send the reports, set it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from splitwave.common.config.layers import load_config
    from splitwave.common.config.run_config import RunConfig
    from splitwave.common.errors import SplitwaveError
    from splitwave.common.records.results import EpochRecord
    from splitwave.device.application.answer import Answer
    from splitwave.device.application.async_device import AsyncDevice
    from splitwave.device.application.device import Device
    from splitwave.experiments.api.model import Model, load
    from splitwave.experiments.api.stages import Symbols
    from splitwave.experiments.api.testbed import Testbed
    from splitwave.experiments.api.training import TrainingResult, train
    from splitwave.experiments.evaluation.codebook_use import CodebookUse
    from splitwave.experiments.evaluation.confusion import ConfusionMatrix
    from splitwave.experiments.evaluation.evaluation import ErrorPoint, EvaluationResult

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AsyncDevice",
    "CodebookUse",
    "ConfusionMatrix",
    "Device",
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
    "Answer": "splitwave.device.application.answer",
    "AsyncDevice": "splitwave.device.application.async_device",
    "CodebookUse": "splitwave.experiments.evaluation.codebook_use",
    "ConfusionMatrix": "splitwave.experiments.evaluation.confusion",
    "Device": "splitwave.device.application.device",
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
