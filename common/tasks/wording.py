"""The names and units of a task's numbers: in `metrics.jsonl` and `summary.json`, in lines, tables and figures."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_LARGE = 1e6


@dataclass(frozen=True, slots=True)
class ReadableError:
    """A mean error converted to a quantity that people know, such as the root of a mean square in metres.

    Attributes:
        name: such as "error, root mean square".
        key: its name in `summary.json`, such as "rmse_m".
        unit: such as "m".
        convert: gives it, for a mean error.
    """

    name: str
    key: str
    unit: str
    convert: Callable[[float], float]

    def text(self, error: float) -> str:
        """The quantity with its unit, for a mean error."""
        return f"{_number(self.convert(error), 3)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One task's names and units, and how its numbers are written.

    Attributes:
        distortion, distortion_short, distortion_key: the loss in words, abbreviated, and in `metrics.jsonl`.
        distortion_unit: such as "nats"; empty for a number without a unit.
        error: a mean error in words.
        error_key: the name of the mean test error in `summary.json`, on which other names are built.
        epoch_error_key: `training_…` and `validation_…` of it are names in `metrics.jsonl`; None for `error_key`.
        unit, scale, decimals: `scale` times a mean error is written in this unit with this number of decimals.
            Errors in "%" are shares: they are compared by their difference, others by their ratio.
        readable: the error converted for people, where the mean itself is no quantity that they know.
        trivial_answer: the answer that is best without the input, in words.
    """

    distortion: str
    distortion_short: str
    distortion_key: str
    distortion_unit: str = ""
    error: str
    error_key: str
    epoch_error_key: str | None = None
    unit: str
    scale: float = 1.0
    decimals: int = 3
    readable: ReadableError | None = None
    trivial_answer: str

    @property
    def metrics_keys(self) -> Mapping[str, str]:
        """The names in `metrics.jsonl` of those attributes of `EpochRecord` that depend on the task."""
        error = self.epoch_error_key or self.error_key
        return {
            "distortion": self.distortion_key,
            "training_error": f"training_{error}",
            "validation_error": f"validation_{error}",
        }

    @property
    def interval_key(self) -> str:
        """The name in `summary.json` of the interval beside a mean error that has one."""
        return f"{self.error_key}_interval"

    @property
    def is_share(self) -> bool:
        """Whether a mean error is a share in [0, 1]."""
        return self.unit == "%"

    def distortion_in_full(self, value: float) -> str:
        """A mean distortion with its name and unit."""
        return f"{self.distortion} {_number(value, 4)} {self.distortion_unit}".rstrip()

    def distortion_in_short(self, value: float) -> str:
        """A mean distortion with its abbreviation."""
        return f"{self.distortion_short} {_number(value, 4)}"

    @property
    def distortion_axis(self) -> str:
        """The label of an axis of mean distortions."""
        return f"{self.distortion} ({self.distortion_unit}/sample)" if self.distortion_unit else self.distortion

    def error_in_full(self, error: float) -> str:
        """A mean error with its unit, and converted for people."""
        text = f"{self._scaled(error)} {self.unit}".rstrip()
        return f"{text} ({self.readable.text(error)})" if self.readable else text

    def error_in_short(self, error: float) -> str:
        """A mean error with one unit, that which people know."""
        return self.readable.text(error) if self.readable else f"{self._scaled(error)} {self.unit}"

    def error_in_remark(self, error: float) -> str:
        """A mean error within a sentence, with four digits however large it is."""
        if not math.isfinite(error):
            return str(error)
        if self.readable:
            return f"{self.readable.convert(error):.4g} {self.readable.unit}"
        return self.error_in_short(error)

    def interval(self, low: float, high: float) -> str:
        """The interval of a mean error."""
        return f"{self._scaled(low)} to {self._scaled(high)} {self.unit}"

    @property
    def error_axis(self) -> str:
        """The label of an axis of `on_axis`."""
        return f"{self.readable.name} ({self.readable.unit})" if self.readable else self.mean_error_axis

    def on_axis(self, error: float) -> float:
        """A mean error as a figure for people shows it; a share is formatted as per cent by the axis."""
        return self.readable.convert(error) if self.readable else error

    @property
    def mean_error_axis(self) -> str:
        """The label of an axis of mean errors."""
        return self.error if self.is_share else f"{self.error} ({self.unit})"

    def _scaled(self, error: float) -> str:
        return _number(self.scale * error, self.decimals)


def _number(value: float, decimals: int) -> str:
    """A number with its decimals, unless an unsuccessful training made it longer than a line."""
    return f"{value:.{decimals}f}" if abs(value) < _LARGE else f"{value:.3g}"
