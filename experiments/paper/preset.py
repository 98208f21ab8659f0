"""How much of a figure to run: `smoke` to see that it works, `paper` for the numbers."""

from dataclasses import dataclass
from typing import Literal

from splitwave.common.config.sections import BackboneName
from splitwave.common.data.catalog import DataSetName
from splitwave.common.errors import ConfigError
from splitwave.common.spelling import did_you_mean, likely

PresetName = Literal["smoke", "paper"]


@dataclass(frozen=True, slots=True)
class Preset:
    """The grid's axes, and how QML-IB is trained at each point.

    Attributes:
        symbols: d a device; the last one is what fits 6 ms at 9,600 baud.
        few_symbols: d of the curves of unquantized symbols, and of overlapping views.
        middle_symbols: d where the channel is varied.
        links: K; the figures that do not vary it have K = 2.
        psnr_db: those that do not vary it have 10 dB.
        epochs, mlp_epochs: of QML-IB; about as many as VDDIB-SR's phases have on the same backbone together.
            Training stops early after half as many in a row without a better held-out error.
        betas: the grid that β is searched in.
        most_vib_epochs: of VIB and Hyper-VIB, where fewer than theirs are to be carried out.
        hyper_qml_ib_epochs: of one model for all PSNRs.
        baseline_epochs: of VDDIB-SR's phases; None for those chosen for it.
    """

    data: DataSetName
    validation: int
    seeds: int
    backbones: tuple[BackboneName, ...]
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
        """D under 6 ms."""
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
    """The preset of that name.

    Raises:
        ConfigError: there is none.
    """
    for known, preset in PRESETS.items():
        if known == name:
            return preset
    raise ConfigError(f"--preset {name}: expected {' or '.join(PRESETS)}{did_you_mean(likely(name, PRESETS))}")
