"""Carries out a trial of the baseline VDDIB-SR."""

from functools import lru_cache
from pathlib import Path

from experiments.sweep.measurement import Measurement, Outcome
from experiments.sweep.trial import VddibSrTrial
from experiments.vddib_sr.chosen import chosen
from experiments.vddib_sr.measurement import LinkResult, measure
from experiments.vddib_sr.settings import Settings
from experiments.vddib_sr.shared import SharedWork


def resolve(trial: VddibSrTrial) -> Settings:
    """All settings of the training that a trial is; of an odd number of symbols, round 1 has one more.

    They are those chosen for the extractor, but that the backbone `linear` has d features, as QML-IB's Table I.
    """
    settings = chosen("mlp" if trial.backbone == "mlp" else "linear", trial.psnr_db).model_dump()
    extraction, encoding = settings["extraction"], settings["encoding"]
    if trial.backbone == "linear":
        extraction["features"] = trial.symbols
    first = (trial.symbols + 1) // 2
    encoding |= {"first": first, "second": trial.symbols - first, "bits": trial.bits}
    phases = (extraction["schedule"], encoding["encode"], encoding["finetune"])
    for schedule, epochs in zip(phases, trial.epochs or (), strict=False):
        schedule["epochs"] = epochs
    shared = {name: getattr(trial, name) for name in ("seed", "links", "data", "overlap", "validation")}
    return Settings.model_validate(settings | shared | {"bf16": True})


def carry_out(trial: VddibSrTrial, data_dir: Path | None, commit: str) -> Outcome:
    """Train all phases and measure the network over every link that the trial names, a measurement a threshold.

    Raises:
        DataError: the data are missing or damaged.
        RunFailedError: training diverged.
    """
    results = measure(resolve(trial), trial.test_psnr_db, _shared_work(data_dir))
    return Outcome(
        trial=trial,
        measurements=tuple(measurement for result in results for measurement in _measurements(result)),
        rate_nats=None,
        divergence_nats=None,
        best_epoch=None,
        epochs=None,
        samples_per_s=results[0].cost.samples_per_s,
        seconds=results[0].cost.seconds,
        commit=commit,
    )


@lru_cache(maxsize=1)
def _shared_work(data_dir: Path | None) -> SharedWork:
    """What this process keeps from one trial to the next: samples and phase 1."""
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
