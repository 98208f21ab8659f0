"""Figures 2 to 4 and Table I of QML-IB, with additional comparisons and the search for β."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

from splitwave.common.config.setting_types import BackboneName, BoundName
from splitwave.experiments.paper.grid import LINKS, PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark
from splitwave.experiments.vddib_sr.settings import BAUD, THRESHOLDS

HALF = 0.5

# The names of curves are columns of the published tables, so their wording is fixed.
QML_IB_4_BITS = "QML-IB, 4 bits"
QML_IB_UNQUANTIZED = "QML-IB, unquantized"
QML_IB_ALL_PSNRS = "QML-IB, 4 bits, trained over all PSNRs"
BOUNDS: tuple[BoundName, ...] = ("tight", "paper", "prior", "quadrature")
QML_IB_ALL_SAMPLES = "QML-IB, 4 bits, nothing held out"
TABLE_1_BETA: dict[BackboneName, float] = {"linear": 1e-3, "mlp": 1e-4}
BETAS_OF_BOUNDS = (1e-3, 1e-2)
VFE = "VFE (K = 1)"


def baseline_name(bits: int, link: str) -> str:
    """Return the name of a curve of VDDIB-SR."""
    return f"VDDIB-SR, {f'{bits} bit' if bits else 'unquantized'}, {link}"


IDEAL, UNAWARE, AWARE = "ideal link", "trained without noise", "trained with noise"

BY_BITS = {
    "4 or 1 bit": f"{QML_IB_4_BITS}.*|VDDIB-SR, 1 bit, ({IDEAL}|{UNAWARE}|{AWARE})",
    "unquantized": f"{QML_IB_4_BITS}|.*unquantized.*|VFE.*",
    "64 features": f"{QML_IB_4_BITS}|{baseline_name(1, AWARE)}|.*64 features",
}
"""Views of Figure 2; each includes QML-IB with 4 bits for comparison."""

Marks = Iterator[Mark]


def fig2a(preset: Preset, seeds: int) -> Figure:
    """Figure 2(a): error over latency."""
    marks = [
        mark for grid, panel in _grids(preset, seeds) for d in preset.axes.symbols for mark in _point(grid, panel, d)
    ]
    title = "Fig. 2(a): error over latency, K = 2, PSNR 10 dB"
    return Figure("fig2a", title, "latency (ms)", tuple(marks), log_x=True, views=BY_BITS)


def fig2b(preset: Preset, seeds: int) -> Figure:
    """Figure 2(b): error over the number of devices, with a latency below 6 ms."""

    def marks() -> Marks:
        for grid, panel in _grids(preset, seeds, ("linear",)):
            for links in preset.axes.links:
                yield from _point(grid, panel, preset.axes.most_symbols, x=links, links=links)
            vfe = grid.qml_ib_trial(preset.axes.most_symbols, links=1, breakpoints=0)
            yield from (Mark(panel, VFE, links, vfe, PSNR_DB) for links in preset.axes.links)

    title = f"Fig. 2(b): error over devices, {_latency(preset.axes.most_symbols)}, PSNR 10 dB"
    return Figure("fig2b", title, "devices K", tuple(marks()), views=BY_BITS)


def fig2c(preset: Preset, seeds: int) -> Figure:
    """Figure 2(c): error over the PSNR, with one training per PSNR and one over their whole range."""

    def marks() -> Marks:
        d = preset.axes.middle_symbols
        for grid, panel in _grids(preset, seeds, ("linear",)):
            lowest, highest = preset.axes.psnr_db[0], preset.axes.psnr_db[-1]
            over_range = grid.qml_ib_trial(d, training_psnr_db=(lowest, highest))
            for psnr_db in preset.axes.psnr_db:
                yield from _point(grid, panel, d, x=psnr_db, psnr_db=psnr_db)
                yield Mark(panel, QML_IB_ALL_PSNRS, psnr_db, over_range, psnr_db)

    title = f"Fig. 2(c): error over PSNR, K = 2, {_latency(preset.axes.middle_symbols)}"
    return Figure("fig2c", title, "PSNR (dB)", tuple(marks()), views=BY_BITS)


def fig3(preset: Preset, seeds: int) -> Figure:
    """Figure 3: error over the bits per symbol."""

    def marks() -> Marks:
        for grid, backbone in _grids(preset, seeds, ("linear",)):
            for d in dict.fromkeys((preset.axes.middle_symbols, preset.axes.most_symbols)):
                panel = f"{backbone}, {_latency(d)}"
                for bits in (1, 2, 4):
                    yield Mark(panel, "QML-IB", bits, grid.qml_ib_trial(d, breakpoints=2**bits - 1), PSNR_DB)
                    yield Mark(panel, QML_IB_UNQUANTIZED, bits, grid.qml_ib_trial(d, breakpoints=0), PSNR_DB)

    return Figure("fig3", "Fig. 3: error over bits a symbol, K = 2, PSNR 10 dB", "bits a symbol", tuple(marks()))


def fig4(preset: Preset, seeds: int) -> Figure:
    """Figure 4: Figure 2 with views that overlap their neighbour's by half."""

    def marks() -> Marks:
        for grid, backbone in _grids(preset, seeds, ("linear",)):
            for symbols in preset.axes.few_symbols:
                yield from _overlap(grid, f"{backbone}: latency (ms)", symbols, x=_latency_ms(symbols))
            for links in preset.axes.links:
                yield from _overlap(
                    grid, f"{backbone}, < 6 ms: devices K", preset.axes.most_symbols, x=links, links=links
                )

    return Figure("fig4", "Fig. 4: Fig. 2 with views that overlap by half", "", tuple(marks()), log_x=True)


def retransmission(preset: Preset, seeds: int) -> Figure:
    """The trade-off of VDDIB-SR's selective retransmission: one curve per network, one point per threshold."""

    def marks() -> Marks:
        for grid, backbone in _grids(preset, seeds):
            for link, psnr_db in ((IDEAL, None), (AWARE, PSNR_DB)):
                panel = f"{backbone}, VDDIB-SR: {link}"
                for d in preset.axes.symbols:
                    trial = grid.vddib_sr_trial(d, bits=1, psnr_db=psnr_db)
                    for threshold in THRESHOLDS:
                        yield Mark(panel, f"VDDIB-SR, {d} one-bit symbols", None, trial, psnr_db, threshold)
                    yield Mark(panel, QML_IB_4_BITS, _latency_ms(d), grid.qml_ib_trial(d), PSNR_DB)

    title = "VDDIB-SR with round 2 only for samples that decoder 1 is unsure of"
    return Figure("retransmission", title, "mean latency (ms)", tuple(marks()), log_x=True, columns=2)


def table1(preset: Preset, seeds: int) -> Figure:
    """The network of Table I and the `mlp`, trained longer, with the largest d below 6 ms.

    Trained with the held-out samples of the figures, and on the whole training split for the same number of epochs.
    """
    longest = preset.epochs.longer
    epochs = dataclasses.replace(preset.epochs, qml_ib=longest, qml_ib_mlp=longest)
    longer = dataclasses.replace(preset, epochs=epochs, batch_size=preset.longer_batch_size)
    on_all = dataclasses.replace(longer, validation=0)
    d = preset.axes.most_symbols

    def marks() -> Marks:
        for curve, settings in ((QML_IB_4_BITS, longer), (QML_IB_ALL_SAMPLES, on_all)):
            for grid, panel in _grids(settings, seeds, tuple(TABLE_1_BETA)):
                yield Mark(panel, curve, d, grid.qml_ib_trial(d, beta=TABLE_1_BETA[panel]), PSNR_DB)

    return Figure("table1", "Table I's network, K = 2, PSNR 10 dB", "symbols a device", tuple(marks()))


def bounds(preset: Preset, seeds: int) -> Figure:
    """The bounds on D, and D itself by quadrature, as training objectives with equal β."""

    def marks() -> Marks:
        d = preset.axes.middle_symbols
        for grid, backbone in _grids(preset, seeds, ("linear",)):
            for value, bound in itertools.product(BETAS_OF_BOUNDS, BOUNDS):
                trial = grid.qml_ib_trial(d, beta=value, bound=bound)
                yield Mark(f"{backbone}, {_latency(d)}", bound, value, trial, PSNR_DB)

    return Figure("bounds", "Bounds on D as objectives, K = 2, PSNR 10 dB", "β", tuple(marks()), log_x=True)


def beta(preset: Preset, _seeds: int) -> Figure:
    """The search for β on held-out samples with one seed: per backbone, K and PSNR, at two values of d."""
    alike = dataclasses.replace(preset, epochs=dataclasses.replace(preset.epochs, qml_ib_mlp=preset.epochs.qml_ib))

    def marks() -> Marks:
        for grid, backbone in _grids(alike, 1):
            for links, psnr_db, d in searches(preset, backbone):
                # The rate is a sum over symbols, so the largest β is too large with many symbols.
                for value in preset.axes.betas if d == preset.axes.middle_symbols else preset.axes.betas[:-1]:
                    trial = grid.qml_ib_trial(d, links=links, psnr_db=psnr_db, beta=value, test=False)
                    yield Mark(backbone, f"K = {links}, {psnr_db:g} dB, d = {d}", value, trial, psnr_db)

    title = "β chosen on held-out training samples"
    views = {f"d = {d}": f".* d = {d}" for d in (preset.axes.middle_symbols, preset.axes.most_symbols)}
    return Figure("beta", title, "β", tuple(marks()), log_x=True, error="validation_error", views=views)


def searches(preset: Preset, backbone: BackboneName) -> list[tuple[int, float, int]]:
    """Return the points (K, PSNR in dB, d) at which β is searched: those used by the figures of a backbone."""
    axes = preset.axes
    few, most = axes.middle_symbols, axes.most_symbols
    if backbone != "linear":
        return [(LINKS, PSNR_DB, few), (LINKS, PSNR_DB, most)]
    return [*((LINKS, psnr_db, few) for psnr_db in axes.psnr_db), *((links, PSNR_DB, most) for links in axes.links)]


def _point(
    grid: Grid, panel: str, d: int, *, x: float | None = None, links: int = LINKS, psnr_db: float = PSNR_DB
) -> Marks:
    """Yield all curves of Figure 2 at one point; `x` is the latency by default."""
    x = _latency_ms(d) if x is None else x
    yield Mark(panel, QML_IB_4_BITS, x, grid.qml_ib_trial(d, links=links, psnr_db=psnr_db), psnr_db)
    with_unquantized = d in grid.preset.axes.few_symbols
    if with_unquantized:
        yield Mark(
            panel, QML_IB_UNQUANTIZED, x, grid.qml_ib_trial(d, links=links, psnr_db=psnr_db, breakpoints=0), psnr_db
        )
    for bits in (1, 0) if with_unquantized else (1,):
        ideal = grid.vddib_sr_trial(d, links=links, bits=bits)
        aware = grid.vddib_sr_trial(d, links=links, bits=bits, psnr_db=psnr_db)
        yield Mark(panel, baseline_name(bits, IDEAL), x, ideal, None)
        yield Mark(panel, baseline_name(bits, UNAWARE), x, ideal, psnr_db)
        yield Mark(panel, baseline_name(bits, AWARE), x, aware, psnr_db)
    if grid.backbone == "linear":  # VDDIB-SR gains much from more features than symbols, which make its devices deeper
        yield from _with_more_features(grid, panel, d, x=x, links=links, psnr_db=psnr_db)


def _with_more_features(grid: Grid, panel: str, d: int, *, x: float, links: int, psnr_db: float) -> Marks:
    deeper = dataclasses.replace(grid, backbone="tanh")
    ideal = deeper.vddib_sr_trial(d, links=links, bits=1)
    aware = deeper.vddib_sr_trial(d, links=links, bits=1, psnr_db=psnr_db)
    yield Mark(panel, f"{baseline_name(1, IDEAL)}, 64 features", x, ideal, None)
    yield Mark(panel, f"{baseline_name(1, AWARE)}, 64 features", x, aware, psnr_db)


def _overlap(grid: Grid, panel: str, d: int, *, x: float, links: int = LINKS) -> Marks:
    overlap = HALF if links > 1 else 0.0  # a single device has no neighbour
    yield Mark(panel, QML_IB_4_BITS, x, grid.qml_ib_trial(d, links=links, psnr_db=PSNR_DB), PSNR_DB)
    yield Mark(
        panel,
        f"{QML_IB_4_BITS}, overlap",
        x,
        grid.qml_ib_trial(d, links=links, psnr_db=PSNR_DB, overlap=overlap),
        PSNR_DB,
    )
    ideal = grid.vddib_sr_trial(d, links=links, bits=1, overlap=overlap)
    aware = grid.vddib_sr_trial(d, links=links, bits=1, overlap=overlap, psnr_db=PSNR_DB)
    yield Mark(panel, f"{baseline_name(1, IDEAL)}, overlap", x, ideal, None)
    yield Mark(panel, f"{baseline_name(1, AWARE)}, overlap", x, aware, PSNR_DB)


def _grids(
    preset: Preset, seeds: int, backbones: Sequence[BackboneName] | None = None
) -> Iterator[tuple[Grid, BackboneName]]:
    """Yield a grid for each backbone and seed, with the backbone as the name of the panel."""
    for backbone in backbones or preset.axes.backbones:
        for seed in range(seeds):
            yield Grid(preset, backbone, seed), backbone


def _latency_ms(symbols: int) -> float:
    return 1e3 * symbols / BAUD


def _latency(symbols: int) -> str:
    return f"d = {symbols}, {_latency_ms(symbols):.2f} ms"


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {
    make.__name__: make for make in (fig2a, fig2b, fig2c, fig3, fig4, retransmission, table1, bounds, beta)
}
