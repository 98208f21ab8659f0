"""Measures a trained run over one kind of link: held-out samples and test split, with hard symbols."""

from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.inprocess_engine import InprocessRun
from splitwave.experiments.sweep.measurement import Measurement

BLOCK = 2500
"""Samples an evaluation block: large ones are faster."""


def measure(
    run: InprocessRun, psnr_db: float, beta: float | None = None, *, validation: bool, test: bool
) -> Measurement:
    """Its errors over links of that PSNR, told that β where its networks are told one.

    A split that is not looked at has the error None.
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
