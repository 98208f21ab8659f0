"""Builds trials from what a figure varies; what it does not vary is the preset's."""

from dataclasses import dataclass
from typing import Any

from experiments.paper.chosen_beta import chosen_beta
from experiments.paper.preset import Preset
from experiments.sweep.trial import Backbone, QmlIbTrial, VddibSrTrial

LINKS = 2
PSNR_DB = 10.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Trials of one backbone and seed."""

    preset: Preset
    backbone: Backbone
    seed: int

    def ours(
        self, symbols: int, *, links: int = LINKS, psnr_db: float = PSNR_DB, beta: float | None = None, **more: Any
    ) -> QmlIbTrial:
        """A training of QML-IB, with the β chosen for its backbone, K, PSNR and d unless it is given."""
        preset = self.preset
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
            epochs=preset.epochs,
            batch_size=preset.batch_size,
            learning_rate=preset.learning_rate,
            patience=preset.patience,
            **more,
        )

    def baseline(
        self, symbols: int, *, bits: int, links: int = LINKS, psnr_db: float | None = None, overlap: float = 0.0
    ) -> VddibSrTrial:
        """A training of VDDIB-SR over ideal links, or over AWGN of `psnr_db`."""
        preset = self.preset
        return VddibSrTrial(
            backbone=self.backbone,
            data=preset.data,
            links=links,
            symbols=symbols,
            overlap=overlap,
            psnr_db=psnr_db,
            test_psnr_db=(*preset.psnr_db, None),
            validation=preset.validation,
            seed=self.seed,
            bits=bits,
            epochs=preset.baseline_epochs,
        )
