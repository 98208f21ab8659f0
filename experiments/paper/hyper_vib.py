"""Hyper-VIB's comparison with VIB, Table I and Figure 4; and Hyper-QML-IB's with a model a PSNR."""

from collections.abc import Callable, Iterable, Iterator

from experiments.paper.grid import LINKS, PSNR_DB, Grid
from experiments.paper.preset import Preset
from experiments.sweep.figure import Figure, Mark
from experiments.sweep.trial import VibTrial

SYMBOLS = 64
SNR_DB = 20.0
BETAS = tuple(10 ** (-5 + half / 2) for half in range(11))
"""The paper's grid: every half decade of [1e-5, 1]."""

VIB, HYPER_VIB = "VIB, a training a β", "Hyper-VIB, one training"
QML_IB, HYPER_QML_IB = "QML-IB, a training a PSNR", "Hyper-QML-IB, one training"

HYPER_QML_IB_BETAS = (1e-5, 1e-2)
_BEYOND_DB = 1.0
"""What the range trained over exceeds the PSNRs tested by: at its ends a network has neighbours on one side alone."""


def hyper_vib(preset: Preset, seeds: int) -> Figure:
    """Error over β: eleven trainings of VIB against one of Hyper-VIB."""

    def marks() -> Iterator[Mark]:
        for seed in range(seeds):
            for beta in BETAS:
                yield Mark(preset.data, VIB, beta, _vib(preset, seed, beta), SNR_DB, beta=beta)
                yield Mark(preset.data, HYPER_VIB, beta, _hyper_vib(preset, seed), SNR_DB, beta=beta)

    title = f"Hyper-VIB, Fig. 4: error over β, d = {SYMBOLS}, SNR {SNR_DB:g} dB"
    return Figure("hyper_vib", title, "β", tuple(marks()), log_x=True)


def _vib(preset: Preset, seed: int, beta: float) -> VibTrial:
    return VibTrial(
        method="vib",
        backbone="vib",
        data=preset.data,
        links=1,
        symbols=SYMBOLS,
        psnr_db=SNR_DB,
        test_psnr_db=(SNR_DB,),
        test_betas=(beta,),
        validation=preset.validation,
        seed=seed,
        beta=beta,
        epochs=preset.vib_epochs,
        batch_size=preset.batch_size,
        learning_rate=preset.learning_rate,
    )


def _hyper_vib(preset: Preset, seed: int) -> VibTrial:
    changes = {
        "method": "hyper-vib",
        "beta_range": (BETAS[0], BETAS[-1]),
        "test_betas": BETAS,
        "epochs": preset.hyper_vib_epochs,
    }
    return _vib(preset, seed, BETAS[0]).model_copy(update=changes)


def hyper_qml_ib(preset: Preset, seeds: int) -> Figure:
    """Error over the PSNR: a QML-IB trained for each against one model that is told β and the PSNR.

    It is told the β that was chosen for the other model of that PSNR.
    """
    symbols = preset.middle_symbols

    def marks() -> Iterator[Mark]:
        for seed in range(seeds):
            grid = Grid(preset, "linear", seed)
            own = {psnr_db: grid.ours(symbols, psnr_db=psnr_db) for psnr_db in preset.psnr_db}
            one = _hyper_qml_ib(grid, symbols, {trial.beta for trial in own.values()})
            for psnr_db, trial in own.items():
                yield Mark("linear", QML_IB, psnr_db, trial, psnr_db)
                yield Mark("linear", HYPER_QML_IB, psnr_db, one, psnr_db, beta=trial.beta)

    title = f"Hyper-QML-IB: error over PSNR, K = {LINKS}, T = 15, d = {symbols}"
    return Figure("hyper_qml_ib", title, "PSNR (dB)", tuple(marks()))


def _hyper_qml_ib(grid: Grid, symbols: int, betas: Iterable[float]) -> VibTrial:
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
        test_betas=tuple(sorted(betas)),
        validation=preset.validation,
        seed=grid.seed,
        beta=HYPER_QML_IB_BETAS[0],
        beta_range=HYPER_QML_IB_BETAS,
        balance=0.0,
        bf16=True,
        epochs=preset.hyper_qml_ib_epochs,
        batch_size=preset.batch_size,
        learning_rate=preset.learning_rate,
    )


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {make.__name__: make for make in (hyper_vib, hyper_qml_ib)}
