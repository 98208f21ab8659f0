"""What the numbers of a task are called: in `metrics.jsonl`, in lines and in figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.task import Regression, Task, root_in_metres


@dataclass(frozen=True, slots=True)
class Wording:
    """One task's words and units.

    Attributes:
        keys: in `metrics.jsonl`, of the attributes of `EpochRecord` that have a name of their own there.
        distortion, short_distortion: an epoch's, in words.
        error, short_error: a mean error in words.
        distortion_axis, error_axis: labels of a figure.
        on_axis: a mean error as a figure shows it.
        test_key: in `summary.json`, of the mean error on the test split.
        percent: whether that is a share.
    """

    keys: Mapping[str, str]
    distortion: Callable[[float], str]
    short_distortion: Callable[[float], str]
    error: Callable[[float], str]
    short_error: Callable[[float], str]
    distortion_axis: str
    error_axis: str
    on_axis: Callable[[float], float]
    test_key: str
    percent: bool


def per_cent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.2f} %"


_CLASSIFICATION = Wording(
    keys={"distortion": "cross_entropy"},
    distortion=lambda nats: f"cross-entropy {nats:.4f} nats",
    short_distortion=lambda nats: f"CE {nats:.4f}",
    error=per_cent,
    short_error=per_cent,
    distortion_axis="cross-entropy (nats/sample)",
    error_axis="classification error",
    on_axis=lambda share: share,
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
    short_distortion=lambda squared: f"MSE {squared:.4f}",
    error=lambda mse_ns2: f"{mse_ns2:.3f} ns² ({root_in_metres(mse_ns2):.3f} m)",
    short_error=lambda mse_ns2: f"{root_in_metres(mse_ns2):.3f} m",
    distortion_axis="standardised squared error",
    error_axis="error, root mean square (m)",
    on_axis=root_in_metres,
    test_key="mse_ns2",
    percent=False,
)

ATTRIBUTES = {key: attribute for wording in (_CLASSIFICATION, _REGRESSION) for attribute, key in wording.keys.items()}
"""What the keys of any task's `metrics.jsonl` are in `EpochRecord`."""


def wording_of(task: Task) -> Wording:
    """The words for a task."""
    return _REGRESSION if isinstance(task, Regression) else _CLASSIFICATION
