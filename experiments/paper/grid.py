"""Builds trials from what a figure varies; what it does not vary is the preset's."""

from dataclasses import dataclass
from typing import Any

from splitwave.common.config.sections import BackboneName
from splitwave.experiments.paper.chosen_beta import chosen_beta
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.trial import QmlIbTrial, VddibSrTrial
from splitwave.experiments.vddib_sr.chosen import chosen
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings

LINKS = 2
PSNR_DB = 10.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Trials of one backbone and seed."""

    preset: Preset
    backbone: BackboneName
    seed: int

    def ours(
        self, symbols: int, *, links: int = LINKS, psnr_db: float = PSNR_DB, beta: float | None = None, **more: Any
    ) -> QmlIbTrial:
        """A training of QML-IB, with the β chosen for its backbone, K, PSNR and d unless it is given."""
        preset = self.preset
        epochs = preset.mlp_epochs if self.backbone == "mlp" else preset.epochs
        return QmlIbTrial(
            backbone=self.backbone,
            data=preset.data,
            links=links,
            symbols=symbols,
            psnr_db=psnr_db,
            test_psnr_db=preset.psnr_db,
            validation=preset.validation,
            seed=self.seed,
            beta=chosen_beta(self.backbone, links, psnr_db, symbols) if beta is None else beta,
            epochs=epochs,
            batch_size=preset.batch_size,
            learning_rate=preset.learning_rate,
            patience=epochs // 2,
            **more,
        )

    def baseline(
        self, symbols: int, *, bits: int, links: int = LINKS, psnr_db: float | None = None, overlap: float = 0.0
    ) -> VddibSrTrial:
        """A training of VDDIB-SR over ideal links, or AWGN of `psnr_db`; round 1 has half the symbols, rounded up."""
        preset = self.preset
        extraction, encoding = self._chosen(symbols, psnr_db)
        first = (symbols + 1) // 2
        return VddibSrTrial(
            backbone=self.backbone,
            data=preset.data,
            links=links,
            overlap=overlap,
            test_psnr_db=(*preset.psnr_db, None),
            validation=preset.validation,
            seed=self.seed,
            extraction=extraction,
            encoding=encoding.model_copy(update={"bits": bits, "first": first, "second": symbols - first}),
        )

    def _chosen(self, symbols: int, psnr_db: float | None) -> tuple[ExtractionSettings, EncodingSettings]:
        """Those chosen for the backbone; with the preset's epochs, if it has its own."""
        settings = chosen("mlp" if self.backbone == "mlp" else "linear", psnr_db)
        extraction, encoding = settings.extraction, settings.encoding
        if self.backbone == "linear":
            extraction = extraction.model_copy(update={"features": symbols, "beta": 0.0})
        if self.preset.baseline_epochs is None:
            return extraction, encoding
        schedules = (extraction.schedule, encoding.encode, encoding.finetune)
        first, second, third = (
            schedule.model_copy(update={"epochs": epochs})
            for schedule, epochs in zip(schedules, self.preset.baseline_epochs, strict=True)
        )
        return (
            extraction.model_copy(update={"schedule": first}),
            encoding.model_copy(update={"encode": second, "finetune": third}),
        )
