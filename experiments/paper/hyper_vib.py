"""Compares Hyper-VIB with VIB (Table I and Figure 4), and Hyper-QML-IB with one QML-IB model per PSNR."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from splitwave.common.config.setting_types import BackboneName
from splitwave.experiments.paper.chosen_beta import chosen_beta
from splitwave.experiments.paper.grid import LINKS, PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark
from splitwave.experiments.trials.trial import VibTrial

SYMBOLS = 64
SNR_DB = 20.0
BETAS = tuple(10 ** (-5 + half / 2) for half in range(11))
"""The paper's grid: two values per decade in [1e-5, 1]."""

# The names of curves are columns of the published tables, so their wording is fixed.
VIB, HYPER_VIB = "VIB, a training a β", "Hyper-VIB, one training"
QML_IB = "QML-IB, a training a PSNR"

HYPER_QML_IB_BETAS = (1e-5, 1e-4, 1e-3, 1e-2)
HYPER_QML_IB_BEST_BETA = 1e-3
_BEYOND_DB = 1.0
"""By how much the training range exceeds the tested PSNRs, because networks are less accurate at its ends."""


FRONTIER = (6, 8, 11, 14, 18, 24)
"""Numbers of epochs of Hyper-VIB on digits; the eleven trainings of VIB have 110 epochs in total."""


def hyper_vib_name(epochs: int) -> str:
    """Return the name of the curve of a Hyper-VIB training with this many epochs."""
    return f"{HYPER_VIB} of {epochs} epochs"


def hyper_qml_ib_name(beta: float) -> str:
    """Return the name of the curve of Hyper-QML-IB tested at one β."""
    return f"Hyper-QML-IB, one training, told β = {beta:g}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of eleven trainings of VIB with one training of Hyper-VIB on a data set.

    Attributes:
        epochs, hyper_epochs: epochs of a VIB and of a Hyper-VIB training; neither stops early, because their times are
            compared.
        beta_range: the range of β in Hyper-VIB's training; wider than the grid if the best β is at the grid's end.
        balance, gate_learning_rate: settings of Hyper-VIB, chosen on held-out samples (ADR 12).
    """

    data: str
    backbone: BackboneName
    epochs: int
    hyper_epochs: int
    beta_range: tuple[float, float]
    balance: float
    gate_learning_rate: float

    def vib(self, preset: Preset, seed: int, beta: float) -> VibTrial:
        """Return the VIB training for one β."""
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
            epochs=min(self.epochs, preset.epochs.most_vib),
            batch_size=preset.batch_size,
            learning_rate=preset.learning_rate,
        )

    def hyper_vib(self, preset: Preset, seed: int) -> VibTrial:
        """Return the Hyper-VIB training for all values of β."""
        changes = {
            "method": "hyper-vib",
            "beta_range": self.beta_range,
            "balance": self.balance,
            "gate_learning_rate": self.gate_learning_rate,
            "test_betas": BETAS,
            "epochs": min(self.hyper_epochs, preset.epochs.most_vib),
        }
        return self.vib(preset, seed, BETAS[0]).model_copy(update=changes)

    def figure(self, name: str, preset: Preset, seeds: int) -> Figure:
        """Return the figure of the error over β."""

        def marks() -> Iterator[Mark]:
            for seed in range(seeds):
                for beta in BETAS:
                    yield Mark(self.data, VIB, beta, self.vib(preset, seed, beta), SNR_DB, beta=beta)
                    yield Mark(self.data, HYPER_VIB, beta, self.hyper_vib(preset, seed), SNR_DB, beta=beta)

        title = f"Hyper-VIB, Fig. 4: error over β, {self.data}, d = {SYMBOLS}"
        return Figure(name, title, "β", tuple(marks()), log_x=True)


BLUETOOTH = Comparison("bluetooth-tones", "tones", 16, 18, (1e-7, 1.0), 0.6, 10.0)
WIFI = Comparison("wifi-csi", "csi", 20, 20, (1e-7, 1.0), 0.75, 10.0)


def hyper_vib(preset: Preset, seeds: int) -> Figure:
    """Compare Hyper-VIB with VIB on digits."""
    return _digits(preset).figure("hyper_vib", preset, seeds)


def hyper_vib_frontier(preset: Preset, seeds: int) -> Figure:
    """Compare shorter and longer trainings of Hyper-VIB on digits: the trade between error and training time."""
    digits = _digits(preset)
    lengths = list(dict.fromkeys(min(each, preset.epochs.most_vib) for each in FRONTIER))

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
    return Comparison(preset.data, "vib", 10, 11, (BETAS[0], BETAS[-1]), 0.15, 1.0)


def hyper_vib_bluetooth(preset: Preset, seeds: int) -> Figure:
    """Compare Hyper-VIB with VIB on the line-of-sight delay from Bluetooth tones."""
    return BLUETOOTH.figure("hyper_vib_bluetooth", preset, seeds)


def hyper_vib_wifi(preset: Preset, seeds: int) -> Figure:
    """Compare Hyper-VIB with VIB on the line-of-sight delay from WiFi channel state information."""
    return WIFI.figure("hyper_vib_wifi", preset, seeds)


def hyper_qml_ib(preset: Preset, seeds: int) -> Figure:
    """Error over the PSNR: one QML-IB training per PSNR, compared with one model conditioned on β and the PSNR.

    The QML-IB trainings have the β chosen for the backbone at 10 dB. The conditioned model is shown at each β of that
    search; `HYPER_QML_IB_BEST_BETA` is the one with the lowest held-out error.
    """
    symbols = preset.axes.middle_symbols
    beta = chosen_beta("mlp", LINKS, PSNR_DB, symbols)

    def marks() -> Iterator[Mark]:
        for seed in range(seeds):
            grid = Grid(preset, "mlp", seed)
            one = _hyper_qml_ib(grid, symbols, beta)
            for psnr_db in preset.axes.psnr_db:
                own = grid.qml_ib_trial(symbols, psnr_db=psnr_db, beta=beta)
                yield Mark("mlp", QML_IB, psnr_db, own, psnr_db)
                for tested in HYPER_QML_IB_BETAS:
                    yield Mark("mlp", hyper_qml_ib_name(tested), psnr_db, one, psnr_db, beta=tested)

    title = f"Hyper-QML-IB: error over PSNR, K = {LINKS}, T = 15, d = {symbols}"
    return Figure("hyper_qml_ib", title, "PSNR (dB)", tuple(marks()))


def _hyper_qml_ib(grid: Grid, symbols: int, beta: float) -> VibTrial:
    preset = grid.preset
    low_db, high_db = preset.axes.psnr_db[0], preset.axes.psnr_db[-1]
    return VibTrial(
        method="hyper-qml-ib",
        backbone=grid.backbone,
        data=preset.data,
        links=LINKS,
        symbols=symbols,
        breakpoints=15,
        psnr_db=PSNR_DB,
        psnr_range=(low_db - _BEYOND_DB, high_db + _BEYOND_DB),
        test_psnr_db=preset.axes.psnr_db,
        test_betas=HYPER_QML_IB_BETAS,
        validation=preset.validation,
        seed=grid.seed,
        beta=beta,
        beta_range=(HYPER_QML_IB_BETAS[0], HYPER_QML_IB_BETAS[-1]),
        balance=0.0,
        bf16=True,
        epochs=preset.epochs.hyper_qml_ib,
        batch_size=preset.batch_size,
        learning_rate=preset.learning_rate,
    )


_FIGURES = (hyper_vib, hyper_vib_frontier, hyper_vib_bluetooth, hyper_vib_wifi, hyper_qml_ib)
FIGURES: dict[str, Callable[[Preset, int], Figure]] = {make.__name__: make for make in _FIGURES}
