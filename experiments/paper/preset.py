"""Presets of the extent of an experiment: `smoke` as a quick check, `paper` for the published numbers."""

from dataclasses import dataclass
from typing import Literal

from splitwave.common.config.setting_types import BackboneName
from splitwave.common.errors import ConfigError
from splitwave.common.spelling import did_you_mean, likely

PresetName = Literal["smoke", "paper"]


@dataclass(frozen=True, slots=True)
class Axes:
    """The values that the figures vary.

    Attributes:
        backbones: the networks of the devices.
        symbols: values of d, symbols per device; the last one is the most that fits into 6 ms at 9,600 baud.
        few_symbols: values of d for the curves with unquantized symbols and with overlapping views.
        middle_symbols: d of the figures that vary the channel.
        links: values of K; figures that do not vary it use K = 2.
        psnr_db: values of the PSNR; figures that do not vary it use 10 dB.
        betas: the grid in which β is searched.
    """

    backbones: tuple[BackboneName, ...]
    symbols: tuple[int, ...]
    few_symbols: tuple[int, ...]
    middle_symbols: int
    links: tuple[int, ...]
    psnr_db: tuple[float, ...]
    betas: tuple[float, ...]

    @property
    def most_symbols(self) -> int:
        """The largest d with a latency below 6 ms."""
        return self.symbols[-1]


@dataclass(frozen=True, slots=True)
class Epochs:
    """The number of epochs of each kind of training.

    Attributes:
        qml_ib, qml_ib_mlp: epochs of QML-IB, about as many as all phases of VDDIB-SR with the same backbone. Training
            stops early after half as many consecutive epochs without a lower held-out error.
        longer: epochs of the longer trainings of Table I.
        most_vib: upper limit on the epochs of VIB and Hyper-VIB.
        hyper_qml_ib: epochs of the model for all PSNRs.
        vddib_sr: epochs of VDDIB-SR's phases; None for the chosen settings.
    """

    qml_ib: int
    qml_ib_mlp: int
    longer: int
    most_vib: int
    hyper_qml_ib: int
    vddib_sr: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Preset:
    """The extent of an experiment, and the training settings that all methods share.

    Attributes:
        validation: number of held-out training samples.
        seeds: number of trainings per point.
        longer_batch_size: batch size of the longer trainings of Table I.
    """

    data: str
    validation: int
    seeds: int
    axes: Axes
    epochs: Epochs
    batch_size: int
    longer_batch_size: int
    learning_rate: float


PRESETS: dict[PresetName, Preset] = {
    "smoke": Preset(
        data="mnist5k",
        validation=400,
        seeds=1,
        axes=Axes(
            backbones=("linear", "tanh", "mlp"),
            symbols=(6, 57),
            few_symbols=(6,),
            middle_symbols=6,
            links=(1, 2),
            psnr_db=(0.0, 10.0),
            betas=(1e-4, 1e-2),
        ),
        epochs=Epochs(qml_ib=6, qml_ib_mlp=6, longer=8, most_vib=2, hyper_qml_ib=3, vddib_sr=(2, 2, 2)),
        batch_size=64,
        longer_batch_size=64,
        learning_rate=4e-3,
    ),
    "paper": Preset(
        data="mnist",
        validation=5000,
        seeds=3,
        axes=Axes(
            backbones=("linear", "tanh", "mlp"),
            symbols=(6, 8, 16, 32, 57),
            few_symbols=(6, 16, 57),
            middle_symbols=16,
            links=(1, 2, 4),
            psnr_db=(0.0, 5.0, 10.0, 15.0, 20.0),
            betas=(1e-5, 1e-4, 1e-3, 1e-2),
        ),
        epochs=Epochs(qml_ib=20, qml_ib_mlp=40, longer=30, most_vib=100, hyper_qml_ib=80, vddib_sr=None),
        batch_size=256,
        longer_batch_size=128,
        learning_rate=3e-3,
    ),
}


def preset_named(name: str) -> Preset:
    """Return the preset with this name.

    Raises:
        ConfigError: no preset has this name.
    """
    for known, preset in PRESETS.items():
        if known == name:
            return preset
    raise ConfigError(f"--preset {name}: expected {' or '.join(PRESETS)}{did_you_mean(likely(name, PRESETS))}")
