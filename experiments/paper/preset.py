"""Presets of the extent of an experiment: `smoke` as a quick check, `paper` for the published numbers."""

from dataclasses import dataclass
from typing import Literal

from splitwave.common.data.catalog import DataSetName
from splitwave.common.errors import ConfigError
from splitwave.common.spelling import did_you_mean, likely
from splitwave.experiments.trials.trial import Backbone

PresetName = Literal["smoke", "paper"]


@dataclass(frozen=True, slots=True)
class Preset:
    """The axes of the figures, and the training settings of QML-IB at each point.

    Attributes:
        symbols: values of d, symbols per device; the last one is the most that fits into 6 ms at 9,600 baud.
        few_symbols: values of d for the curves with unquantized symbols and with overlapping views.
        middle_symbols: d of the figures that vary the channel.
        links: values of K; figures that do not vary it use K = 2.
        psnr_db: values of the PSNR; figures that do not vary it use 10 dB.
        epochs, mlp_epochs: epochs of QML-IB, about as many as all phases of VDDIB-SR with the same backbone. Training
            stops early after half as many consecutive epochs without a lower held-out error.
        betas: the grid in which β is searched.
        most_vib_epochs: upper limit on the epochs of VIB and Hyper-VIB.
        hyper_qml_ib_epochs: epochs of the model for all PSNRs.
        baseline_epochs: epochs of VDDIB-SR's phases; None for the chosen settings.
    """

    data: DataSetName
    validation: int
    seeds: int
    backbones: tuple[Backbone, ...]
    symbols: tuple[int, ...]
    few_symbols: tuple[int, ...]
    middle_symbols: int
    links: tuple[int, ...]
    psnr_db: tuple[float, ...]
    betas: tuple[float, ...]
    epochs: int
    mlp_epochs: int
    longer_epochs: int
    longer_batch_size: int
    batch_size: int
    learning_rate: float
    most_vib_epochs: int
    hyper_qml_ib_epochs: int
    baseline_epochs: tuple[int, int, int] | None

    @property
    def most_symbols(self) -> int:
        """The largest d with a latency below 6 ms."""
        return self.symbols[-1]


PRESETS: dict[PresetName, Preset] = {
    "smoke": Preset(
        data="mnist5k",
        validation=400,
        seeds=1,
        backbones=("linear", "tanh", "mlp"),
        symbols=(6, 57),
        few_symbols=(6,),
        middle_symbols=6,
        links=(1, 2),
        psnr_db=(0.0, 10.0),
        betas=(1e-4, 1e-2),
        epochs=6,
        mlp_epochs=6,
        longer_epochs=8,
        longer_batch_size=64,
        batch_size=64,
        learning_rate=4e-3,
        most_vib_epochs=2,
        hyper_qml_ib_epochs=3,
        baseline_epochs=(2, 2, 2),
    ),
    "paper": Preset(
        data="mnist",
        validation=5000,
        seeds=3,
        backbones=("linear", "tanh", "mlp"),
        symbols=(6, 8, 16, 32, 57),
        few_symbols=(6, 16, 57),
        middle_symbols=16,
        links=(1, 2, 4),
        psnr_db=(0.0, 5.0, 10.0, 15.0, 20.0),
        betas=(1e-5, 1e-4, 1e-3, 1e-2),
        epochs=20,
        mlp_epochs=40,
        longer_epochs=30,
        longer_batch_size=128,
        batch_size=256,
        learning_rate=3e-3,
        most_vib_epochs=100,
        hyper_qml_ib_epochs=80,
        baseline_epochs=None,
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
