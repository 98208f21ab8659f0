"""Measures the errors of a trained run at one PSNR with hard symbols, on held-out samples and on the test split."""

from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.experiments.trials.outcome import Measurement


def measure_run(
    run: InprocessRun, psnr_db: float, beta: float | None = None, *, validation: bool, test: bool
) -> Measurement:
    """Measure the errors of a run at a PSNR and, for β-conditioned networks, at a β.

    Args:
        run: a trained run; its PSNR and β are changed.
        psnr_db: PSNR of all links.
        beta: the β of conditioned networks; None for other networks.
        validation: whether to measure the error on held-out samples; otherwise it is None.
        test: whether to measure the error on the test split; otherwise it is None.
    """
    run.tune(psnr_db=psnr_db, beta=beta)
    return Measurement(
        psnr_db=psnr_db,
        beta=beta,
        validation_error=run.evaluate(Phase.VALIDATION, 0, Symbols.HARD).error if validation else None,
        test_error=run.evaluate(Phase.TEST, 0, Symbols.HARD).error if test else None,
        payload_bits=float(run.config.payload_bits_per_sample * run.config.links),
        airtime_ms=1e3 * run.config.airtime_s,
    )
