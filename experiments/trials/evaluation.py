"""Measures the errors of a trained run at one PSNR with hard symbols, on held-out samples and on the test split."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

from splitwave.common.config.channel_settings import ChannelSettings
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.experiments.trials.outcome import Measurement
from splitwave.experiments.trials.radio import RadioName, channel_settings


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


def measure_without_links(
    run: InprocessRun, psnr_db: float, missing: int, *, validation: bool, test: bool
) -> Measurement:
    """Measure the mean errors of a run over all sets of `missing` links whose symbols the decoder sees as zeros.

    Args:
        run: a trained run; its PSNR and the links that are down are changed, and no link is down afterwards.
        psnr_db: PSNR of all links.
        missing: how many links are missing, fewer than K.
        validation: as for `measure_run`.
        test: as for `measure_run`.
    """
    measured = []
    for down in combinations(range(run.config.links), missing):
        _take_down(run, down)
        measured.append(measure_run(run, psnr_db, validation=validation, test=test))
    _take_down(run, ())
    means = {
        split: fmean(getattr(each, split) for each in measured)
        for split, wanted in (("validation_error", validation), ("test_error", test))
        if wanted
    }
    return measured[0].model_copy(update={"missing_links": missing, **means})


def change_radio(run: InprocessRun, radio: RadioName, *, csi: bool) -> None:
    """Go on over another radio, with the same networks."""
    now = run.trainer.config
    tree = now.channel.model_dump() | channel_settings(radio, csi=csi)
    run.retune(now.model_copy(update={"channel": ChannelSettings.model_validate(tree)}))


def _take_down(run: InprocessRun, links: Sequence[int]) -> None:
    config = run.trainer.config
    fusion = config.fusion.model_copy(update={"down": list(links)})
    run.retune(config.model_copy(update={"fusion": fusion}))
