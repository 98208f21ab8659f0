"""The settings of a VDDIB-SR training: frozen models that refuse unknown keys."""

from math import inf
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from splitwave.common.config.setting_types import DataSetName, Decibels, NonNegative, Positive
from splitwave.common.limits import MAX_DIMENSION, MAX_LINKS

MAX_BITS = 16

BAUD = 9600.0
"""Symbols per second on each of the parallel links [QML-IB, Experiments]."""

THRESHOLDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999, inf)
"""With 0, round 2 is never sent, with ∞ always (but not always with 1, since a probability can round to 1)."""

ExtractorName = Literal["linear", "mlp"]
Width = Annotated[int, Field(ge=1, le=MAX_DIMENSION)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Schedule(_Section):
    """The schedule of one phase: Adam, with a learning rate that falls along half a cosine over the phase's steps."""

    epochs: Annotated[int, Field(ge=0, le=100_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 256
    learning_rate: Positive = 1e-3
    learning_rate_final: Positive = 1e-5


class ExtractionSettings(_Section):
    """Settings of phase 1: `features` is f per view, and `beta` the weight of the KL rate (nats)."""

    extractor: ExtractorName = "mlp"
    features: Width = 64
    beta: NonNegative = 1e-2
    schedule: Schedule = Schedule(epochs=15)


class EncodingSettings(_Section):
    """Settings of phases 2 and 3.

    The defaults are for `mlp` over an ideal link; see `chosen` for how they, and those for `linear`, were chosen.

    Attributes:
        first, second: symbols per view in each round, d1 and d2.
        bits: bits per symbol, n; 0 for unquantized symbols.
        psnr_db: PSNR of the AWGN link in training and validation; None for the ideal link.
        beta: weight of the views' own decoders.
        rate_beta: weight of the extractors' KL rate (nats) in phase 3, which the source does not name; 0 for no rate.
        decoder_widths: widths of the two hidden layers of every decoder.
        encode, finetune: schedules of phases 2 and 3.
    """

    first: Width = 8
    second: Width = 8
    bits: Annotated[int, Field(ge=0, le=MAX_BITS)] = 1
    psnr_db: Decibels | None = None
    beta: NonNegative = 0.1
    rate_beta: NonNegative = 1e-3
    decoder_widths: tuple[Width, Width] = (256, 256)
    encode: Schedule = Schedule(epochs=5)
    finetune: Schedule = Schedule(epochs=20)


class Settings(_Section):
    """All settings that determine the result of a training.

    `overlap` is the share of a view that the next device sees too (QML-IB, Fig. 4). With `bf16`, the hidden layers of
    `mlp` and the decoders compute in bfloat16 in training steps; everything else is float32.
    """

    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    links: Annotated[int, Field(ge=1, le=MAX_LINKS)] = 2
    data: DataSetName = "mnist"
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validation: Annotated[int, Field(ge=1)] = 5000
    bf16: bool = False
    extraction: ExtractionSettings = ExtractionSettings()
    encoding: EncodingSettings = EncodingSettings()

    @model_validator(mode="after")
    def _a_model_is_trained(self) -> Self:
        if self.encoding.encode.epochs + self.encoding.finetune.epochs == 0:
            raise ValueError("phases 2 and 3 both have 0 epochs: nothing would be trained")
        return self


def reasons(error: ValidationError) -> str:
    """Return one line with each invalid setting, its value and the reason."""
    return "; ".join(
        f"{'.'.join(map(str, detail['loc']))} = {detail['input']!r}: {detail['msg']}"
        if detail["loc"]
        else detail["msg"].removeprefix("Value error, ")
        for detail in error.errors()
    )
