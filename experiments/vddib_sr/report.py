"""Prints the results of a training."""

from splitwave.common.protocol.phases import Phase
from splitwave.experiments.duration import duration
from splitwave.experiments.vddib_sr.evaluation import Predictions
from splitwave.experiments.vddib_sr.phase import PhaseReport
from splitwave.experiments.vddib_sr.retransmission import sweep
from splitwave.experiments.vddib_sr.settings import Settings


def print_phase(name: str, report: PhaseReport) -> None:
    """Print the best epoch of a phase, its validation error, and the speed as one line."""
    kept = f"epoch {report.best_epoch} of {len(report.scores) - 1}"
    speed = f"{report.samples_per_s:,.0f} samples/s a core, {duration(report.seconds)} CPU"
    print(f"{name:15} {kept:15} validation {report.best.error_rate:.2%}  {speed}", flush=True)


def print_predictions(phase: Phase, settings: Settings, psnr_db: float | None, predictions: Predictions) -> None:
    """Print the errors of both rounds on a split, then one line per threshold."""
    encoding = settings.encoding
    link = "ideal link" if psnr_db is None else f"AWGN {psnr_db:g} dB"
    kind = f"{encoding.bits}-bit" if encoding.bits else "unquantized"
    symbols = f"{encoding.first} + {encoding.second} {kind} symbols"
    errors = f"round 1 {predictions.first_error_rate:.2%}, both rounds {predictions.score.error_rate:.2%}"
    print(f"\n{phase.name.lower()}, {link}, {symbols}: {errors}")
    for point in sweep(predictions, settings.links, encoding):
        cost = f"{point.bits:7.1f} bits {point.latency_s * 1e3:6.3f} ms"
        print(f"  threshold {point.threshold:<7g} ratio {point.ratio:7.2%} {cost}  error {point.error_rate:.2%}")
