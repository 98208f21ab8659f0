"""Builds trials from the parameters that a figure varies; all other parameters come from the preset."""

from dataclasses import dataclass
from typing import Any

from splitwave.common.config.setting_types import BackboneName
from splitwave.experiments.paper.chosen_beta import chosen_beta
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.trials.trial import QmlIbTrial, VddibSrTrial
from splitwave.experiments.vddib_sr.chosen import chosen_settings
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings

LINKS = 2
PSNR_DB = 10.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Builds trials with one backbone and seed."""

    preset: Preset
    backbone: BackboneName
    seed: int

    def qml_ib_trial(
        self, symbols: int, *, links: int = LINKS, psnr_db: float = PSNR_DB, beta: float | None = None, **more: Any
    ) -> QmlIbTrial:
        """Return a training of QML-IB; by default β is the one chosen for the backbone, K, PSNR and d."""
        preset = self.preset
        epochs = preset.epochs.qml_ib_mlp if self.backbone == "mlp" else preset.epochs.qml_ib
        return QmlIbTrial(
            backbone=self.backbone,
            data=preset.data,
            links=links,
            symbols=symbols,
            psnr_db=psnr_db,
            test_psnr_db=preset.axes.psnr_db,
            validation=preset.validation,
            seed=self.seed,
            beta=chosen_beta(self.backbone, links, psnr_db, symbols) if beta is None else beta,
            epochs=epochs,
            batch_size=preset.batch_size,
            learning_rate=preset.learning_rate,
            patience=epochs // 2,
            **more,
        )

    def vddib_sr_trial(
        self, symbols: int, *, bits: int, links: int = LINKS, psnr_db: float | None = None, overlap: float = 0.0
    ) -> VddibSrTrial:
        """Return a training of VDDIB-SR over ideal or AWGN links; round 1 has half of the symbols, rounded up."""
        preset = self.preset
        extraction, encoding = self._chosen(symbols, psnr_db)
        first = (symbols + 1) // 2
        return VddibSrTrial(
            backbone=self.backbone,
            data=preset.data,
            links=links,
            overlap=overlap,
            test_psnr_db=(*preset.axes.psnr_db, None),
            validation=preset.validation,
            seed=self.seed,
            extraction=extraction,
            encoding=encoding.model_copy(update={"bits": bits, "first": first, "second": symbols - first}),
        )

    def _chosen(self, symbols: int, psnr_db: float | None) -> tuple[ExtractionSettings, EncodingSettings]:
        """Return the settings chosen for the backbone, with the preset's epochs if it defines any."""
        settings = chosen_settings("mlp" if self.backbone == "mlp" else "linear", psnr_db)
        extraction, encoding = settings.extraction, settings.encoding
        if self.backbone == "linear":
            extraction = extraction.model_copy(update={"features": symbols, "beta": 0.0})
        if self.preset.epochs.vddib_sr is None:
            return extraction, encoding
        schedules = (extraction.schedule, encoding.encode, encoding.finetune)
        first, second, third = (
            schedule.model_copy(update={"epochs": epochs})
            for schedule, epochs in zip(schedules, self.preset.epochs.vddib_sr, strict=True)
        )
        return (
            extraction.model_copy(update={"schedule": first}),
            encoding.model_copy(update={"encode": second, "finetune": third}),
        )
