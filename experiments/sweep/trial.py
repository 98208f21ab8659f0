"""One training of a sweep: frozen settings that name it, and nothing of how it is carried out."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.data.catalog import DataSetName

Backbone = Literal["linear", "tanh", "mlp"]
"""What devices compute before their heads or encoders, the same in both methods.

`linear`: Table I's one layer to d features with tanh, which are QML-IB's symbols and VDDIB-SR's features. `tanh`: one
layer to 64 with tanh, from which QML-IB's heads and VDDIB-SR's encoders make d symbols. `mlp`: two hidden layers of 256.
"""

BoundName = Literal["tight", "paper", "prior", "quadrature"]
PsnrRange = tuple[float, float]


class _Trial(BaseModel):
    """What both methods share.

    Attributes:
        symbols: d, symbols a device sends for a sample; of VDDIB-SR, both rounds together.
        psnr_db: of the AWGN links trained and selected on; None for ideal ones.
        test_psnr_db: the links that are evaluated at the end; None among them is an ideal one.
        validation: training samples held out, by which the epoch is chosen.
        test: whether the test split is looked at; False where settings are being chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    backbone: Backbone
    data: DataSetName
    links: int
    symbols: int
    overlap: float = 0.0
    psnr_db: float | None
    test_psnr_db: tuple[float | None, ...]
    validation: int
    test: bool = True
    seed: int

    @property
    def key(self) -> str:
        """Names the trial: 16 hexadecimal digits of the SHA-256 of its settings."""
        settings = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()[:16]


class QmlIbTrial(_Trial):
    """A training of QML-IB; with `breakpoints` 0 unquantized, and for one link then that of VFE (PAPERS: eq. (7)).

    Attributes:
        training_psnr_db: trained over a range of PSNRs; `psnr_db` is then only selected on.
        patience: epochs without a lower validation error after which training stops early.
    """

    method: Literal["qml-ib"] = "qml-ib"
    breakpoints: Annotated[int, Field(ge=0)] = 15
    beta: float
    bound: BoundName = "tight"
    training_psnr_db: PsnrRange | None = None
    epochs: int
    batch_size: int
    learning_rate: float
    patience: int


class VddibSrTrial(_Trial):
    """A training of the baseline VDDIB-SR, with the settings that were chosen for its backbone.

    Attributes:
        bits: n a symbol; 0 sends them unquantized.
        epochs: of the three phases; None for the chosen ones.
    """

    method: Literal["vddib-sr"] = "vddib-sr"
    bits: int
    epochs: tuple[int, int, int] | None = None


Trial = Annotated[QmlIbTrial | VddibSrTrial, Field(discriminator="method")]
