"""Hyper-VIB's comparison with VIB, Table I and Figure 4; and Hyper-QML-IB's with a model a PSNR."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from splitwave.common.config.sections import BackboneName
from splitwave.common.data.catalog import DataSetName
from splitwave.experiments.paper.chosen_beta import chosen_beta
from splitwave.experiments.paper.grid import LINKS, PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark, Unit
from splitwave.experiments.sweep.trial import VibTrial

SYMBOLS = 64
SNR_DB = 20.0
BETAS = tuple(10 ** (-5 + half / 2) for half in range(11))
"""The paper's grid: every half decade of [1e-5, 1]."""

VIB, HYPER_VIB = "VIB, a training a β", "Hyper-VIB, one training"
QML_IB = "QML-IB, a training a PSNR"

HYPER_QML_IB_BETAS = (1e-5, 1e-4, 1e-3, 1e-2)
HYPER_QML_IB_TOLD = 1e-3
_BEYOND_DB = 1.0
"""What the range trained over exceeds the PSNRs tested by: at its ends a network has neighbours on one side alone."""


FRONTIER = (6, 8, 11, 14, 18, 24)
"""Epochs of Hyper-VIB on digits; eleven trainings of VIB have 110."""


def hyper_vib_name(epochs: int) -> str:
    """A curve's name."""
    return f"{HYPER_VIB} of {epochs} epochs"


def hyper_qml_ib_name(beta: float) -> str:
    """A curve's name."""
    return f"Hyper-QML-IB, one training, told β = {beta:g}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A data set on which eleven trainings of VIB stand against one of Hyper-VIB.

    Attributes:
        epochs, hyper_epochs: of a training of each. Their times are compared, so neither stops early.
        beta_range: that one training draws from: beyond the grid where the best β lies at its end.
        balance, gate_learning_rate: of Hyper-VIB, chosen on held-out samples (ADR 12).
    """

    data: DataSetName
    backbone: BackboneName
    unit: Unit
    epochs: int
    hyper_epochs: int
    beta_range: tuple[float, float]
    balance: float
    gate_learning_rate: float

    def vib(self, preset: Preset, seed: int, beta: float) -> VibTrial:
        """A training for one β."""
        return VibTrial(
            method="vib",
            backbone=self.backbone,
            data=self.data,
            links=1,
            symbols=SYMBOLS,
            psnr_db=SNR_DB,
            test_psnr_db=(SNR_DB,),
            test_betas=(beta,),
            validation=preset.validation,
            seed=seed,
            beta=beta,
            epochs=min(self.epochs, preset.most_vib_epochs),
            batch_size=preset.batch_size,
            learning_rate=preset.learning_rate,
        )

    def hyper_vib(self, preset: Preset, seed: int) -> VibTrial:
        """The one training for all of them."""
        changes = {
            "method": "hyper-vib",
            "beta_range": self.beta_range,
            "balance": self.balance,
            "gate_learning_rate": self.gate_learning_rate,
            "test_betas": BETAS,
            "epochs": min(self.hyper_epochs, preset.most_vib_epochs),
        }
        return self.vib(preset, seed, BETAS[0]).model_copy(update=changes)

    def figure(self, name: str, preset: Preset, seeds: int) -> Figure:
        """Error over β."""

        def marks() -> Iterator[Mark]:
            for seed in range(seeds):
                for beta in BETAS:
                    yield Mark(self.data, VIB, beta, self.vib(preset, seed, beta), SNR_DB, beta=beta)
                    yield Mark(self.data, HYPER_VIB, beta, self.hyper_vib(preset, seed), SNR_DB, beta=beta)

        title = f"Hyper-VIB, Fig. 4: error over β, {self.data}, d = {SYMBOLS}"
        return Figure(name, title, "β", tuple(marks()), log_x=True, unit=self.unit)


BLUETOOTH = Comparison("bluetooth-tones", "tones", "ns²", 16, 18, (1e-7, 1.0), 0.6, 10.0)
WIFI = Comparison("wifi-csi", "csi", "ns²", 20, 20, (1e-7, 1.0), 0.75, 10.0)


def hyper_vib(preset: Preset, seeds: int) -> Figure:
    """MNIST."""
    return _digits(preset).figure("hyper_vib", preset, seeds)


def hyper_vib_frontier(preset: Preset, seeds: int) -> Figure:
    """MNIST, and shorter and longer trainings of Hyper-VIB: what its error costs."""
    digits = _digits(preset)
    lengths = list(dict.fromkeys(min(each, preset.most_vib_epochs) for each in FRONTIER))

    def marks() -> Iterator[Mark]:
        for seed in range(seeds):
            for beta in BETAS:
                yield Mark(preset.data, VIB, beta, digits.vib(preset, seed, beta), SNR_DB, beta=beta)
            for epochs in lengths:
                trial = digits.hyper_vib(preset, seed).model_copy(update={"epochs": epochs})
                for beta in BETAS:
                    yield Mark(preset.data, hyper_vib_name(epochs), beta, trial, SNR_DB, beta=beta)

    title = f"Hyper-VIB, shorter and longer trainings, {preset.data}, d = {SYMBOLS}"
    middle = (len(lengths) + 1) // 2
    views = {
        name: "|".join([VIB, *map(hyper_vib_name, some)])
        for name, some in (("shorter", lengths[:middle]), ("longer", lengths[middle:]))
    }
    return Figure("hyper_vib_frontier", title, "β", tuple(marks()), log_x=True, views=views)


def _digits(preset: Preset) -> Comparison:
    return Comparison(preset.data, "vib", "%", 10, 11, (BETAS[0], BETAS[-1]), 0.15, 1.0)


def hyper_vib_bluetooth(preset: Preset, seeds: int) -> Figure:
    """The delay of the line of sight, from tones."""
    return BLUETOOTH.figure("hyper_vib_bluetooth", preset, seeds)


def hyper_vib_wifi(preset: Preset, seeds: int) -> Figure:
    """The delay of the line of sight, from channel state information."""
    return WIFI.figure("hyper_vib_wifi", preset, seeds)


def hyper_qml_ib(preset: Preset, seeds: int) -> Figure:
    """Error over the PSNR: a QML-IB trained for each against one model that is told β and the PSNR.

    Each of the former has the β that was chosen for the backbone at 10 dB; the latter is shown at each β of that
    search, of which `HYPER_QML_IB_TOLD` has the lowest held-out error.
    """
    symbols = preset.middle_symbols
    beta = chosen_beta("mlp", LINKS, PSNR_DB, symbols)

    def marks() -> Iterator[Mark]:
        for seed in range(seeds):
            grid = Grid(preset, "mlp", seed)
            one = _hyper_qml_ib(grid, symbols, beta)
            for psnr_db in preset.psnr_db:
                own = grid.ours(symbols, psnr_db=psnr_db, beta=beta)
                yield Mark("mlp", QML_IB, psnr_db, own, psnr_db)
                for told in HYPER_QML_IB_BETAS:
                    yield Mark("mlp", hyper_qml_ib_name(told), psnr_db, one, psnr_db, beta=told)

    title = f"Hyper-QML-IB: error over PSNR, K = {LINKS}, T = 15, d = {symbols}"
    return Figure("hyper_qml_ib", title, "PSNR (dB)", tuple(marks()))


def _hyper_qml_ib(grid: Grid, symbols: int, beta: float) -> VibTrial:
    preset = grid.preset
    low_db, high_db = preset.psnr_db[0], preset.psnr_db[-1]
    return VibTrial(
        method="hyper-qml-ib",
        backbone=grid.backbone,
        data=preset.data,
        links=LINKS,
        symbols=symbols,
        breakpoints=15,
        psnr_db=PSNR_DB,
        psnr_range=(low_db - _BEYOND_DB, high_db + _BEYOND_DB),
        test_psnr_db=preset.psnr_db,
        test_betas=HYPER_QML_IB_BETAS,
        validation=preset.validation,
        seed=grid.seed,
        beta=beta,
        beta_range=(HYPER_QML_IB_BETAS[0], HYPER_QML_IB_BETAS[-1]),
        balance=0.0,
        bf16=True,
        epochs=preset.hyper_qml_ib_epochs,
        batch_size=preset.batch_size,
        learning_rate=preset.learning_rate,
    )


_FIGURES = (hyper_vib, hyper_vib_frontier, hyper_vib_bluetooth, hyper_vib_wifi, hyper_qml_ib)
FIGURES: dict[str, Callable[[Preset, int], Figure]] = {make.__name__: make for make in _FIGURES}
