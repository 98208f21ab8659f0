"""What the numbers of a task are called: in `metrics.jsonl`, in lines and in figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.task import Regression, Task, root_in_metres


@dataclass(frozen=True, slots=True)
class Wording:
    """One task's words and units.

    Attributes:
        keys: in `metrics.jsonl`, of the attributes of `EpochRecord` that have a name of their own there.
        distortion: an epoch's, in words.
        error: a mean error in words.
        distortion_axis, error_axis: labels of a figure.
        on_axis: a mean error as a figure shows it, and `in_legend` as its legend does.
        test_key: in `summary.json`, of the mean error on the test split.
        percent: whether that is a share.
    """

    keys: Mapping[str, str]
    distortion: Callable[[float], str]
    error: Callable[[float], str]
    distortion_axis: str
    error_axis: str
    on_axis: Callable[[float], float]
    in_legend: Callable[[float], str]
    test_key: str
    percent: bool


_CLASSIFICATION = Wording(
    keys={"distortion": "cross_entropy"},
    distortion=lambda nats: f"cross-entropy {nats:.4f} nats",
    error=lambda share: f"{share:.4f}",
    distortion_axis="cross-entropy (nats/sample)",
    error_axis="classification error",
    on_axis=lambda share: share,
    in_legend=lambda share: f"{100 * share:.2f} %",
    test_key="error_rate",
    percent=True,
)
_REGRESSION = Wording(
    keys={
        "distortion": "squared_error",
        "training_error": "training_mse_ns2",
        "validation_error": "validation_mse_ns2",
    },
    distortion=lambda squared: f"standardised squared error {squared:.4f}",
    error=lambda mse_ns2: f"{mse_ns2:.3f} ns² ({root_in_metres(mse_ns2):.3f} m)",
    distortion_axis="standardised squared error",
    error_axis="error, root mean square (m)",
    on_axis=root_in_metres,
    in_legend=lambda mse_ns2: f"{root_in_metres(mse_ns2):.3f} m",
    test_key="mse_ns2",
    percent=False,
)

ATTRIBUTES = {key: attribute for wording in (_CLASSIFICATION, _REGRESSION) for attribute, key in wording.keys.items()}
"""What the keys of any task's `metrics.jsonl` are in `EpochRecord`."""


def wording_of(task: Task) -> Wording:
    """The words for a task."""
    return _REGRESSION if isinstance(task, Regression) else _CLASSIFICATION
