"""QML-IB's level indices as amplitudes and as 16-QAM, and DT-JSCC, at equal symbols and bits."""

from collections.abc import Callable, Iterator

from splitwave.experiments.dt_jscc.settings import Modulation
from splitwave.experiments.paper.grid import LINKS, PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark
from splitwave.experiments.trials.trial import DtJsccTrial, Trial
from splitwave.experiments.vddib_sr.settings import BAUD, Schedule

AMPLITUDES = "QML-IB, 4 bits"
AS_BITS = "QML-IB, 4 bits as 16-QAM"
DT_JSCC: dict[Modulation, str] = {"psk": "DT-JSCC, 16-PSK", "16-qam": "DT-JSCC, 16-QAM"}
"""A symbol has 4 bits in every curve. The encoders are linear, as in Table I and in DT-JSCC."""

ENTROPY_WEIGHT = 1e-3
TEMPERATURE = 0.5
"""Those of the authors' script."""

LEARNING_RATE = 2e-3


def digital_latency(preset: Preset, seeds: int) -> Figure:
    """Error over latency, trained and measured at 10 dB."""
    marks = [
        Mark("linear", curve, 1e3 * symbols / BAUD, trial, PSNR_DB)
        for seed in range(seeds)
        for symbols in preset.axes.few_symbols
        for curve, trial in _trials(Grid(preset, "linear", seed), symbols)
    ]
    title = f"Amplitudes and digital modulation, 4 bits a symbol, K = {LINKS}, PSNR {PSNR_DB:g} dB"
    return Figure("digital_latency", title, "latency (ms)", tuple(marks), log_x=True)


def digital_psnr(preset: Preset, seeds: int) -> Figure:
    """Error over PSNR of networks trained at 10 dB."""
    marks = [
        Mark("linear", curve, psnr_db, trial, psnr_db)
        for seed in range(seeds)
        for curve, trial in _trials(Grid(preset, "linear", seed), preset.axes.middle_symbols)
        for psnr_db in preset.axes.psnr_db
    ]
    title = f"Amplitudes and digital modulation, 4 bits a symbol, K = {LINKS}, trained at {PSNR_DB:g} dB"
    return Figure("digital_psnr", title, "PSNR (dB)", tuple(marks))


def _trials(grid: Grid, symbols: int) -> Iterator[tuple[str, Trial]]:
    yield AMPLITUDES, grid.qml_ib_trial(symbols)
    yield AS_BITS, grid.qml_ib_trial(symbols, digital="16-qam")
    for modulation, curve in DT_JSCC.items():
        yield curve, _dt_jscc_trial(grid, symbols, modulation)


def _dt_jscc_trial(grid: Grid, symbols: int, modulation: Modulation) -> DtJsccTrial:
    preset = grid.preset
    schedule = Schedule(epochs=preset.epochs.qml_ib, batch_size=preset.batch_size, learning_rate=LEARNING_RATE)
    return DtJsccTrial(
        backbone=grid.backbone,
        data=preset.data,
        links=LINKS,
        test_psnr_db=preset.axes.psnr_db,
        validation=preset.validation,
        seed=grid.seed,
        symbols=symbols,
        modulation=modulation,
        psnr_db=PSNR_DB,
        entropy_weight=ENTROPY_WEIGHT,
        temperature=TEMPERATURE,
        schedule=schedule,
    )


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {make.__name__: make for make in (digital_latency, digital_psnr)}
