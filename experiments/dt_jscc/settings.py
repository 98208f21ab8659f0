"""The settings of a DT-JSCC training: frozen models that refuse unknown keys."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from splitwave.common.config.setting_types import DataSetName, Decibels, NonNegative, Positive
from splitwave.common.limits import MAX_DIMENSION, MAX_LINKS
from splitwave.experiments.vddib_sr.settings import Schedule

Modulation = Literal["psk", "16-qam"]
Width = Annotated[int, Field(ge=1, le=MAX_DIMENSION)]


class SymbolSettings(BaseModel):
    """The symbols of a device, and the networks that make and read them.

    Attributes:
        symbols: d, groups of features of a device, each sent as one symbol.
        codewords: M, the size of a device's codebook; a symbol carries log2(M) bits.
        features: at most d·D, the features of a device: D is features / d, rounded down.
        modulation: `psk` has M points on the unit circle.
        decoder_widths: widths of the decoder's two hidden layers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    symbols: Width = 16
    codewords: Annotated[int, Field(ge=2, le=256)] = 16
    features: Width = 512
    modulation: Modulation = "psk"
    decoder_widths: tuple[Width, Width] = (1024, 256)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.modulation == "16-qam" and self.codewords != 16:
            raise ValueError(f"codewords = {self.codewords}: modulation = 16-qam has 16 points")
        if self.features < self.symbols:
            raise ValueError(f"features = {self.features} for symbols = {self.symbols}: expected at least one each")
        return self

    @property
    def codeword_features(self) -> int:
        """D, the length of a codeword."""
        return self.features // self.symbols


class Settings(SymbolSettings):
    """All settings that determine the result of a training.

    Attributes:
        psnr_db: peak PSNR, QML-IB eq. (20), of the AWGN link in training and validation.
        entropy_weight: λ, of the entropy of the indices in the objective, in nats a symbol.
        temperature: τ of the Gumbel-softmax.
    """

    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    links: Annotated[int, Field(ge=1, le=MAX_LINKS)] = 2
    data: DataSetName = "mnist"
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validation: Annotated[int, Field(ge=1)] = 5000
    psnr_db: Decibels = 10.0
    entropy_weight: NonNegative = 1e-3
    temperature: Positive = 0.5
    schedule: Schedule = Schedule(epochs=20)

    @model_validator(mode="after")
    def _a_model_is_trained(self) -> Self:
        if self.schedule.epochs == 0:
            raise ValueError("schedule.epochs = 0: nothing would be trained")
        return self
