"""Carries out a trial of the baseline DT-JSCC."""

import math
import time
from functools import lru_cache
from pathlib import Path

from splitwave.common.protocol.phases import Phase
from splitwave.experiments.dt_jscc.evaluation import score
from splitwave.experiments.dt_jscc.settings import Settings
from splitwave.experiments.dt_jscc.symbol_channel import SymbolChannel
from splitwave.experiments.dt_jscc.training import train
from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.trial import DtJsccTrial
from splitwave.experiments.vddib_sr.samples import Samples, load_samples, load_training
from splitwave.experiments.vddib_sr.settings import BAUD


def resolve(trial: DtJsccTrial) -> Settings:
    """Return the complete settings of a trial's training."""
    own = trial.model_dump(exclude={"backbone", "method", "test_psnr_db"})
    return Settings.model_validate(own)


def run_trial(trial: DtJsccTrial, data_dir: Path | None, provenance: Provenance) -> Outcome:
    """Train, and measure the network of the best epoch at every PSNR of the trial.

    Raises:
        DataError: the data are missing or damaged.
        RunFailedError: training diverged.
    """
    started = time.process_time()
    settings = resolve(trial)
    chosen = Settings(data=trial.data, links=trial.links, overlap=trial.overlap, validation=trial.validation)
    samples, validation, test = _shared_samples(chosen, data_dir)
    trained = train(settings, samples, validation)

    def measured(psnr_db: float) -> Measurement:
        channel = SymbolChannel(settings, psnr_db)
        return Measurement(
            psnr_db=psnr_db,
            validation_error=score(trained.network, validation, channel, Phase.VALIDATION).error_rate,
            test_error=score(trained.network, test, channel, Phase.TEST).error_rate,
            payload_bits=settings.links * settings.symbols * math.log2(settings.codewords),
            airtime_ms=1e3 * settings.symbols / BAUD,
        )

    return Outcome(
        trial=trial,
        measurements=tuple(map(measured, trial.test_psnr_db)),
        rate_nats=None,
        divergence_nats=None,
        best_epoch=trained.report.best_epoch,
        epochs=settings.schedule.epochs,
        samples_per_s=trained.report.samples_per_s,
        seconds=time.process_time() - started,
        commit=provenance.commit,
        machine=provenance.machine,
    )


@lru_cache(maxsize=2)
def _shared_samples(settings: Settings, data_dir: Path | None) -> tuple[Samples, Samples, Samples]:
    """Return samples, held-out samples and test split, which successive trials of this process share."""
    return *load_training(settings, data_dir), load_samples(settings, "test", data_dir)
