"""Carries out a trial of the baseline VDDIB-SR."""

import time
from functools import lru_cache
from pathlib import Path

from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.trial import VddibSrTrial
from splitwave.experiments.vddib_sr.link_results import LinkResult, train_and_measure
from splitwave.experiments.vddib_sr.settings import Settings
from splitwave.experiments.vddib_sr.shared import SharedWork


def resolve(trial: VddibSrTrial) -> Settings:
    """Return the complete settings of a trial's training."""
    return Settings(
        seed=trial.seed,
        links=trial.links,
        data=trial.data,
        overlap=trial.overlap,
        validation=trial.validation,
        bf16=True,
        extraction=trial.extraction,
        encoding=trial.encoding,
    )


def run_trial(trial: VddibSrTrial, data_dir: Path | None, provenance: Provenance) -> Outcome:
    """Train all phases and measure the network at every PSNR of the trial and at every threshold.

    Raises:
        DataError: the data are missing or damaged.
        RunFailedError: training diverged.
    """
    started = time.process_time()
    results = train_and_measure(resolve(trial), trial.test_psnr_db, _shared_work(data_dir))
    cost = results[0].cost
    return Outcome(
        trial=trial,
        measurements=tuple(measurement for result in results for measurement in _measurements(result)),
        rate_nats=None,
        divergence_nats=None,
        best_epoch=cost.best_epoch,
        epochs=trial.encoding.finetune.epochs,
        samples_per_s=cost.samples_per_s,
        seconds=time.process_time() - started,
        commit=provenance.commit,
        machine=provenance.machine,
    )


@lru_cache(maxsize=1)
def _shared_work(data_dir: Path | None) -> SharedWork:
    """Return the samples and phases 1 that successive trials of this process share."""
    return SharedWork(data_dir)


def _measurements(result: LinkResult) -> list[Measurement]:
    return [
        Measurement(
            psnr_db=result.psnr_db,
            threshold=tested.threshold,
            validation_error=held_out.error_rate,
            test_error=tested.error_rate,
            payload_bits=tested.bits,
            airtime_ms=1e3 * tested.latency_s,
        )
        for held_out, tested in zip(result.validation.points, result.test.points, strict=True)
    ]
