"""One training of a sweep: frozen settings that name it, and nothing of how it is carried out."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from splitwave.common.config.sections import BackboneName, BoundName
from splitwave.common.data.catalog import DataSetName
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings

PsnrRange = tuple[float, float]


class _Trial(BaseModel):
    """What both methods share.

    Attributes:
        backbone: what devices compute before their heads or encoders, the same in both methods. `linear`: Table I's
            one layer to d features with tanh, which are QML-IB's symbols and VDDIB-SR's features. `tanh`: one layer to
            64 with tanh, from which QML-IB's heads and VDDIB-SR's encoders make d symbols. `mlp`: two hidden layers of
            256. `vib`, `tones`, `csi`: of VIB and Hyper-VIB alone, their networks for MNIST, Bluetooth and WiFi.
        psnr_db: of the AWGN links trained and selected on; None for ideal ones.
        test_psnr_db: the links that are evaluated at the end; None among them is an ideal one.
        validation: training samples held out, by which the epoch is chosen; without any it is the last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    backbone: BackboneName
    data: DataSetName
    links: int
    overlap: float = 0.0
    test_psnr_db: tuple[float | None, ...]
    validation: int
    seed: int

    @property
    def key(self) -> str:
        """Names the trial: 16 hexadecimal digits of the SHA-256 of its settings."""
        settings = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()[:16]


class QmlIbTrial(_Trial):
    """A training of QML-IB; with `breakpoints` 0 unquantized, and for one link then that of VFE.

    Attributes:
        symbols: d, symbols a device sends for a sample.
        training_psnr_db: trained over a range of PSNRs; `psnr_db` is then only selected on.
        patience: epochs in a row with a higher validation error than the best, after which training stops early.
        test: whether the test split is looked at; False where settings are being chosen.
    """

    method: Literal["qml-ib"] = "qml-ib"
    test_psnr_db: tuple[float, ...]
    symbols: int
    psnr_db: float
    breakpoints: Annotated[int, Field(ge=0)] = 15
    beta: float
    bound: BoundName = "tight"
    training_psnr_db: PsnrRange | None = None
    epochs: int
    batch_size: int
    learning_rate: float
    patience: int
    test: bool = True


class VddibSrTrial(_Trial):
    """A training of the baseline VDDIB-SR, with all settings of its three phases."""

    method: Literal["vddib-sr"] = "vddib-sr"
    extraction: ExtractionSettings
    encoding: EncodingSettings

    @property
    def symbols(self) -> int:
        """Symbols a device sends for a sample in both rounds together."""
        return self.encoding.first + self.encoding.second

    @property
    def psnr_db(self) -> float | None:
        """Of the links trained on; None for ideal ones."""
        return self.encoding.psnr_db


class VibTrial(_Trial):
    """A training for one β (VIB), or of networks told β and, over a range of PSNRs, σ² (Hyper-VIB, Hyper-QML-IB).

    Attributes:
        symbols: d, symbols a device sends for a sample.
        breakpoints: T; 0 for real symbols.
        beta: VIB's; that of the passes after each epoch, for the others.
        beta_range: what networks told β are trained over; None for VIB.
        psnr_range: likewise, PSNRs that all links share; `psnr_db` is then only that of the passes after each epoch.
        balance: how far large β are kept from deciding the weights that all share.
        gate_learning_rate: of the gates, over that of all other weights.
        bf16: whether training steps compute in bfloat16.
        test_betas: what the trained network is told when it is measured.
    """

    method: Literal["vib", "hyper-vib", "hyper-qml-ib"]
    test_psnr_db: tuple[float, ...]
    symbols: int
    breakpoints: Annotated[int, Field(ge=0)] = 0
    psnr_db: float
    psnr_range: PsnrRange | None = None
    beta: float
    beta_range: tuple[float, float] | None = None
    balance: float = 0.15
    gate_learning_rate: float = 1.0
    bf16: bool = False
    test_betas: tuple[float, ...]
    epochs: int
    batch_size: int
    learning_rate: float


METHODS = ("qml-ib", "vddib-sr", "vib", "hyper-vib", "hyper-qml-ib")

Trial = Annotated[QmlIbTrial | VddibSrTrial | VibTrial, Field(discriminator="method")]
