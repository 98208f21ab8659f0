"""The definition of a trial: the frozen settings that identify one training of a sweep."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from splitwave.common.config.setting_types import BackboneName, BoundName, DataSetName
from splitwave.experiments.dt_jscc.settings import Modulation
from splitwave.experiments.trials.radio import RadioName
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Schedule

PsnrRange = tuple[float, float]
Breakpoints = Annotated[int, Field(ge=0)]

LATER_SETTINGS = frozenset({"link_dropout", "missing_links", "radio", "csi", "test_radios", "digital"})
"""Settings that were added after the first tables were published."""


class _Trial(BaseModel):
    """The settings that all methods share.

    Attributes:
        backbone: the layers of a device before its heads or encoders, equal in both methods; `linear`, `tanh` and `mlp`
            for QML-IB and VDDIB-SR, `vib`, `tones` and `csi` only for VIB and Hyper-VIB.
        psnr_db: PSNR of the links in training and validation; None for ideal links.
        test_psnr_db: PSNRs at which the network is measured at the end; None for ideal links.
        validation: number of held-out training samples, by which the epoch is chosen; with 0, it is the last epoch.
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
        """The name of the trial: the first 16 hexadecimal digits of the SHA-256 of its settings.

        It leaves later settings out that are at their defaults, so that trials of published tables keep their names.
        """
        settings = self.model_dump(mode="json")
        for name in LATER_SETTINGS & settings.keys():
            if getattr(self, name) == type(self).model_fields[name].default:
                del settings[name]
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


class EndToEndTrial(_Trial):
    """The settings that trainings of all networks together share; VDDIB-SR has phases with settings of their own.

    Attributes:
        symbols: d, the symbols that a device sends per sample.
        breakpoints: T; 0 for real-valued symbols.
    """

    test_psnr_db: tuple[float, ...]
    symbols: int
    breakpoints: Breakpoints
    psnr_db: float
    beta: float
    epochs: int
    batch_size: int
    learning_rate: float


class QmlIbTrial(EndToEndTrial):
    """A training of QML-IB; with 0 breakpoints it is unquantized, and with one link it is then VFE.

    Attributes:
        training_psnr_db: range of PSNRs in training, or None; `psnr_db` is then only used for validation.
        patience: number of consecutive epochs above the lowest validation error after which training stops early.
        test: whether the test error is measured; False while settings are being chosen.
        link_dropout: probability with which a link is erased in a training block.
        missing_links: numbers of links without which the trained network is measured at `psnr_db`, besides with all.
        radio: of the training.
        csi: whether the receiver knows the channel state, and equalises by it.
        test_radios: over which the trained network is measured at every PSNR; none for that of the training.
        digital: the modulation of level indices in passes, by whose errors the epoch is chosen, too; training blocks
            stay amplitudes. None for amplitudes in all.
    """

    method: Literal["qml-ib"] = "qml-ib"
    breakpoints: Breakpoints = 15
    bound: BoundName = "tight"
    training_psnr_db: PsnrRange | None = None
    patience: int
    test: bool = True
    link_dropout: float = 0.0
    missing_links: tuple[int, ...] = ()
    radio: RadioName = "awgn"
    csi: bool = False
    test_radios: tuple[RadioName, ...] = ()
    digital: Literal["bpsk", "qpsk", "16-qam"] | None = None


class VddibSrTrial(_Trial):
    """A training of the baseline VDDIB-SR, with the settings of its three phases."""

    method: Literal["vddib-sr"] = "vddib-sr"
    extraction: ExtractionSettings
    encoding: EncodingSettings

    @property
    def symbols(self) -> int:
        """Symbols that a device sends per sample in both rounds together."""
        return self.encoding.first + self.encoding.second

    @property
    def psnr_db(self) -> float | None:
        """PSNR of the training links; None for ideal links."""
        return self.encoding.psnr_db


class VibTrial(EndToEndTrial):
    """A training for one β (VIB), or of networks conditioned on β and optionally on σ² (Hyper-VIB, Hyper-QML-IB).

    Attributes:
        beta: β of VIB; for conditioned networks, the β of the passes after each epoch.
        beta_range: range of β in the training of conditioned networks; None for VIB.
        psnr_range: range of the PSNR in training, common to all links, or None; `psnr_db` is then only the PSNR of the
            passes after each epoch.
        balance: limits the influence of large β on the shared weights; 0 for no limit.
        gate_learning_rate: learning rate of the gates, relative to that of all other weights.
        bf16: whether training steps compute in bfloat16.
        test_betas: values of β at which the trained network is measured.
    """

    method: Literal["vib", "hyper-vib", "hyper-qml-ib"]
    breakpoints: Breakpoints = 0
    psnr_range: PsnrRange | None = None
    beta_range: tuple[float, float] | None = None
    balance: float = 0.15
    gate_learning_rate: float = 1.0
    bf16: bool = False
    test_betas: tuple[float, ...]


class DtJsccTrial(_Trial):
    """A training of the baseline DT-JSCC; `modulation` and the rest are those of `dt_jscc.settings.Settings`."""

    method: Literal["dt-jscc"] = "dt-jscc"
    test_psnr_db: tuple[float, ...]
    symbols: int
    codewords: int = 16
    modulation: Modulation
    psnr_db: float
    entropy_weight: float
    temperature: float
    schedule: Schedule


METHODS = ("qml-ib", "vddib-sr", "vib", "hyper-vib", "hyper-qml-ib", "dt-jscc")

Trial = Annotated[QmlIbTrial | VddibSrTrial | VibTrial | DtJsccTrial, Field(discriminator="method")]
