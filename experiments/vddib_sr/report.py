"""What a training prints."""

from splitwave.common.protocol.phases import Phase
from splitwave.experiments.duration import duration
from splitwave.experiments.vddib_sr.evaluation import Answers
from splitwave.experiments.vddib_sr.phase import PhaseReport
from splitwave.experiments.vddib_sr.retransmission import sweep
from splitwave.experiments.vddib_sr.settings import Settings


def print_phase(name: str, report: PhaseReport) -> None:
    """One line: the epoch kept, its validation error, and the speed."""
    kept = f"epoch {report.best_epoch} of {len(report.scores) - 1}"
    speed = f"{report.samples_per_s:,.0f} samples/s a core, {duration(report.seconds)} CPU"
    print(f"{name:15} {kept:15} validation {report.best.error_rate:.2%}  {speed}", flush=True)


def print_answers(phase: Phase, settings: Settings, psnr_db: float | None, answers: Answers) -> None:
    """The errors of both rounds on a split, then a line a threshold of the sweep."""
    encoding = settings.encoding
    link = "ideal link" if psnr_db is None else f"AWGN {psnr_db:g} dB"
    kind = f"{encoding.bits}-bit" if encoding.bits else "unquantized"
    symbols = f"{encoding.first} + {encoding.second} {kind} symbols"
    errors = f"round 1 {answers.first_error_rate:.2%}, both rounds {answers.score.error_rate:.2%}"
    print(f"\n{phase.name.lower()}, {link}, {symbols}: {errors}")
    for point in sweep(answers, settings.links, encoding):
        cost = f"{point.bits:7.1f} bits {point.latency_s * 1e3:6.3f} ms"
        print(f"  threshold {point.threshold:<7g} ratio {point.ratio:7.2%} {cost}  error {point.error_rate:.2%}")
