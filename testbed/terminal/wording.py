"""What the numbers of a task are called: in `metrics.jsonl`, in lines and in figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splitwave.common.tasks.task import Regression, Task, root_in_metres

_LARGE = 1e6


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


def ns2_and_m(mse_ns2: float) -> str:
    """A mean squared error, and its root in metres."""
    return f"{_number(mse_ns2, 3)} ns² ({_metres(mse_ns2)})"


def _metres(mse_ns2: float) -> str:
    return f"{_number(root_in_metres(mse_ns2), 3)} m"


def _number(value: float, decimals: int) -> str:
    """A number with its decimals, unless a training without success made it longer than a line."""
    return f"{value:.{decimals}f}" if abs(value) < _LARGE else f"{value:.3g}"


_CLASSIFICATION = Wording(
    keys={"distortion": "cross_entropy"},
    distortion=lambda nats: f"cross-entropy {_number(nats, 4)} nats",
    short_distortion=lambda nats: f"CE {_number(nats, 4)}",
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
    distortion=lambda squared: f"standardised squared error {_number(squared, 4)}",
    short_distortion=lambda squared: f"MSE {_number(squared, 4)}",
    error=ns2_and_m,
    short_error=_metres,
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
