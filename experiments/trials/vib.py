"""Carries out a trial of VIB, or of β-conditioned networks, on the in-process engine."""

import time
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.experiments.trials.evaluation import measure_run
from splitwave.experiments.trials.outcome import Outcome
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.run_settings import run_settings
from splitwave.experiments.trials.samples import shared_data
from splitwave.experiments.trials.trial import VibTrial

_PSNR_DRAWS = 8
"""Number of PSNR draws per training step, equal to the number of draws of β."""


def resolve(trial: VibTrial) -> RunConfig:
    """Return the complete settings of a trial's run."""
    over = trial.psnr_range
    training_range = (
        {}
        if over is None
        else {
            "training_psnr_db": list(over),
            "training_psnr_draws": _PSNR_DRAWS,
            "training_psnr_shared": True,
        }
    )
    hypernetwork = {
        "beta": None if trial.beta_range is None else list(trial.beta_range),
        "balance": trial.balance,
        "gate_learning_rate": trial.gate_learning_rate,
        "psnr": trial.psnr_range is not None,
    }
    return run_settings(trial, hypernetwork=hypernetwork, channel=training_range, runtime={"bf16": trial.bf16})


def run_trial(trial: VibTrial, data_dir: Path | None, provenance: Provenance) -> Outcome:
    """Train to the last epoch, and measure the network at each β of the trial.

    Raises:
        DataError: the data are missing or damaged.
        RunFailedError: training diverged.
    """
    started = time.process_time()
    config = resolve(trial)
    run = shared_data(config, data_dir).open_run(config)
    training_started = time.process_time()
    records = list(run.train(lambda _: None))
    training_s = time.process_time() - training_started
    return Outcome(
        trial=trial,
        measurements=tuple(
            measure_run(run, psnr_db, beta, validation=trial.validation > 0, test=True)
            for psnr_db in trial.test_psnr_db
            for beta in trial.test_betas
        ),
        rate_nats=sum(records[-1].rate_nats) / config.links,
        divergence_nats=None,
        best_epoch=trial.epochs,
        epochs=trial.epochs,
        samples_per_s=len(run.plan.train_ids) * trial.epochs / training_s,
        training_s=training_s,
        seconds=time.process_time() - started,
        commit=provenance.commit,
        machine=provenance.machine,
    )
