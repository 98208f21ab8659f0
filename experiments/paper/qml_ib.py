"""Figures 2 to 4 of QML-IB, and what goes with them."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

from splitwave.common.config.sections import BackboneName, BoundName
from splitwave.experiments.paper.grid import LINKS, PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark
from splitwave.experiments.vddib_sr.settings import BAUD, THRESHOLDS

HALF = 0.5

OURS = "QML-IB, 4 bits"
OURS_UNQUANTIZED = "QML-IB, unquantized"
OURS_OVER_A_RANGE = "QML-IB, 4 bits, trained over all PSNRs"
BOUNDS: tuple[BoundName, ...] = ("tight", "paper", "prior", "quadrature")
OURS_ON_ALL = "QML-IB, 4 bits, nothing held out"
TABLE_1_BETA: dict[BackboneName, float] = {"linear": 1e-3, "mlp": 1e-4}
BETAS_OF_BOUNDS = (1e-3, 1e-2)
VFE = "VFE (K = 1)"


def baseline_name(bits: int, link: str) -> str:
    """A curve's name."""
    return f"VDDIB-SR, {f'{bits} bit' if bits else 'unquantized'}, {link}"


IDEAL, UNAWARE, AWARE = "ideal link", "trained without noise", "trained with noise"

BY_BITS = {
    "4 or 1 bit": f"{OURS}.*|VDDIB-SR, 1 bit, ({IDEAL}|{UNAWARE}|{AWARE})",
    "unquantized": f"{OURS}|.*unquantized.*|VFE.*",
    "64 features": f"{OURS}|{baseline_name(1, AWARE)}|.*64 features",
}
"""Views of Figure 2, each with QML-IB's 4 bits to compare with."""

Marks = Iterator[Mark]


def fig2a(preset: Preset, seeds: int) -> Figure:
    """Error over latency."""
    marks = [mark for grid, panel in _grids(preset, seeds) for d in preset.symbols for mark in _point(grid, panel, d)]
    title = "Fig. 2(a): error over latency, K = 2, PSNR 10 dB"
    return Figure("fig2a", title, "latency (ms)", tuple(marks), log_x=True, views=BY_BITS)


def fig2b(preset: Preset, seeds: int) -> Figure:
    """Error over the number of devices, latency < 6 ms."""

    def marks() -> Marks:
        for grid, panel in _grids(preset, seeds, ("linear",)):
            for links in preset.links:
                yield from _point(grid, panel, preset.most_symbols, x=links, links=links)
            vfe = grid.ours(preset.most_symbols, links=1, breakpoints=0)
            yield from (Mark(panel, VFE, links, vfe, PSNR_DB) for links in preset.links)

    title = f"Fig. 2(b): error over devices, {_latency(preset.most_symbols)}, PSNR 10 dB"
    return Figure("fig2b", title, "devices K", tuple(marks()), views=BY_BITS)


def fig2c(preset: Preset, seeds: int) -> Figure:
    """Error over the PSNR, trained at each; and one training over their range."""

    def marks() -> Marks:
        d = preset.middle_symbols
        for grid, panel in _grids(preset, seeds, ("linear",)):
            lowest, highest = preset.psnr_db[0], preset.psnr_db[-1]
            over_range = grid.ours(d, training_psnr_db=(lowest, highest))
            for psnr_db in preset.psnr_db:
                yield from _point(grid, panel, d, x=psnr_db, psnr_db=psnr_db)
                yield Mark(panel, OURS_OVER_A_RANGE, psnr_db, over_range, psnr_db)

    title = f"Fig. 2(c): error over PSNR, K = 2, {_latency(preset.middle_symbols)}"
    return Figure("fig2c", title, "PSNR (dB)", tuple(marks()), views=BY_BITS)


def fig3(preset: Preset, seeds: int) -> Figure:
    """Error over the bits of a symbol."""

    def marks() -> Marks:
        for grid, backbone in _grids(preset, seeds, ("linear",)):
            for d in dict.fromkeys((preset.middle_symbols, preset.most_symbols)):
                panel = f"{backbone}, {_latency(d)}"
                for bits in (1, 2, 4):
                    yield Mark(panel, "QML-IB", bits, grid.ours(d, breakpoints=2**bits - 1), PSNR_DB)
                    yield Mark(panel, OURS_UNQUANTIZED, bits, grid.ours(d, breakpoints=0), PSNR_DB)

    return Figure("fig3", "Fig. 3: error over bits a symbol, K = 2, PSNR 10 dB", "bits a symbol", tuple(marks()))


def fig4(preset: Preset, seeds: int) -> Figure:
    """Figure 2 with views that share half with their neighbour."""

    def marks() -> Marks:
        for grid, backbone in _grids(preset, seeds, ("linear",)):
            for symbols in preset.few_symbols:
                yield from _overlap(grid, f"{backbone}: latency (ms)", symbols, x=_latency_ms(symbols))
            for links in preset.links:
                yield from _overlap(grid, f"{backbone}, < 6 ms: devices K", preset.most_symbols, x=links, links=links)

    return Figure("fig4", "Fig. 4: Fig. 2 with views that overlap by half", "", tuple(marks()), log_x=True)


def retransmission(preset: Preset, seeds: int) -> Figure:
    """What VDDIB-SR's selective retransmission trades: a curve a network, a point a threshold."""

    def marks() -> Marks:
        for grid, backbone in _grids(preset, seeds):
            for link, psnr_db in ((IDEAL, None), (AWARE, PSNR_DB)):
                panel = f"{backbone}, VDDIB-SR: {link}"
                for d in preset.symbols:
                    trial = grid.baseline(d, bits=1, psnr_db=psnr_db)
                    for threshold in THRESHOLDS:
                        yield Mark(panel, f"VDDIB-SR, {d} one-bit symbols", None, trial, psnr_db, threshold)
                    yield Mark(panel, OURS, _latency_ms(d), grid.ours(d), PSNR_DB)

    title = "VDDIB-SR with round 2 only for samples that decoder 1 is unsure of"
    return Figure("retransmission", title, "mean latency (ms)", tuple(marks()), log_x=True, columns=2)


def table1(preset: Preset, seeds: int) -> Figure:
    """The network of Table I and the `mlp`, trained longer, at the most symbols under 6 ms.

    With the figures' held-out samples, and on all of the training split for as many epochs.
    """
    epochs = preset.longer_epochs
    longer = dataclasses.replace(preset, epochs=epochs, mlp_epochs=epochs, batch_size=preset.longer_batch_size)
    on_all = dataclasses.replace(longer, validation=0)
    d = preset.most_symbols

    def marks() -> Marks:
        for curve, settings in ((OURS, longer), (OURS_ON_ALL, on_all)):
            for grid, panel in _grids(settings, seeds, tuple(TABLE_1_BETA)):
                yield Mark(panel, curve, d, grid.ours(d, beta=TABLE_1_BETA[panel]), PSNR_DB)

    return Figure("table1", "Table I's network, K = 2, PSNR 10 dB", "symbols a device", tuple(marks()))


def bounds(preset: Preset, seeds: int) -> Figure:
    """The bounds on D as training objectives, and D itself by quadrature, as training objectives at equal β."""

    def marks() -> Marks:
        d = preset.middle_symbols
        for grid, backbone in _grids(preset, seeds, ("linear",)):
            for value, bound in itertools.product(BETAS_OF_BOUNDS, BOUNDS):
                yield Mark(f"{backbone}, {_latency(d)}", bound, value, grid.ours(d, beta=value, bound=bound), PSNR_DB)

    return Figure("bounds", "Bounds on D as objectives, K = 2, PSNR 10 dB", "β", tuple(marks()), log_x=True)


def beta(preset: Preset, _seeds: int) -> Figure:
    """β searched on held-out samples with one seed: per backbone, K and PSNR, at few and at most symbols."""
    alike = dataclasses.replace(preset, mlp_epochs=preset.epochs)

    def marks() -> Marks:
        for grid, backbone in _grids(alike, 1):
            for links, psnr_db, d in searches(preset, backbone):
                # At many symbols the largest β is out of the question: the rate is a sum over symbols.
                for value in preset.betas if d == preset.middle_symbols else preset.betas[:-1]:
                    trial = grid.ours(d, links=links, psnr_db=psnr_db, beta=value, test=False)
                    yield Mark(backbone, f"K = {links}, {psnr_db:g} dB, d = {d}", value, trial, psnr_db)

    title = "β chosen on held-out training samples"
    views = {f"d = {d}": f".* d = {d}" for d in (preset.middle_symbols, preset.most_symbols)}
    return Figure("beta", title, "β", tuple(marks()), log_x=True, error="validation_error", views=views)


def searches(preset: Preset, backbone: BackboneName) -> list[tuple[int, float, int]]:
    """The (K, PSNR in dB, d) at which β is searched: those that the figures of a backbone vary."""
    few, most = preset.middle_symbols, preset.most_symbols
    if backbone != "linear":
        return [(LINKS, PSNR_DB, few), (LINKS, PSNR_DB, most)]
    return [*((LINKS, psnr_db, few) for psnr_db in preset.psnr_db), *((links, PSNR_DB, most) for links in preset.links)]


def _point(
    grid: Grid, panel: str, d: int, *, x: float | None = None, links: int = LINKS, psnr_db: float = PSNR_DB
) -> Marks:
    """All curves of Figure 2 at one point; `x` is its latency unless given."""
    x = _latency_ms(d) if x is None else x
    yield Mark(panel, OURS, x, grid.ours(d, links=links, psnr_db=psnr_db), psnr_db)
    with_unquantized = d in grid.preset.few_symbols
    if with_unquantized:
        yield Mark(panel, OURS_UNQUANTIZED, x, grid.ours(d, links=links, psnr_db=psnr_db, breakpoints=0), psnr_db)
    for bits in (1, 0) if with_unquantized else (1,):
        ideal = grid.baseline(d, links=links, bits=bits)
        aware = grid.baseline(d, links=links, bits=bits, psnr_db=psnr_db)
        yield Mark(panel, baseline_name(bits, IDEAL), x, ideal, None)
        yield Mark(panel, baseline_name(bits, UNAWARE), x, ideal, psnr_db)
        yield Mark(panel, baseline_name(bits, AWARE), x, aware, psnr_db)
    if grid.backbone == "linear":  # VDDIB-SR gains much from more features than symbols: its devices are then deeper
        yield from _with_more_features(grid, panel, d, x=x, links=links, psnr_db=psnr_db)


def _with_more_features(grid: Grid, panel: str, d: int, *, x: float, links: int, psnr_db: float) -> Marks:
    deeper = dataclasses.replace(grid, backbone="tanh")
    ideal = deeper.baseline(d, links=links, bits=1)
    aware = deeper.baseline(d, links=links, bits=1, psnr_db=psnr_db)
    yield Mark(panel, f"{baseline_name(1, IDEAL)}, 64 features", x, ideal, None)
    yield Mark(panel, f"{baseline_name(1, AWARE)}, 64 features", x, aware, psnr_db)


def _overlap(grid: Grid, panel: str, d: int, *, x: float, links: int = LINKS, psnr_db: float = PSNR_DB) -> Marks:
    overlap = HALF if links > 1 else 0.0  # a single device has no neighbour
    yield Mark(panel, OURS, x, grid.ours(d, links=links, psnr_db=psnr_db), psnr_db)
    yield Mark(panel, f"{OURS}, overlap", x, grid.ours(d, links=links, psnr_db=psnr_db, overlap=overlap), psnr_db)
    ideal = grid.baseline(d, links=links, bits=1, overlap=overlap)
    aware = grid.baseline(d, links=links, bits=1, overlap=overlap, psnr_db=psnr_db)
    yield Mark(panel, f"{baseline_name(1, IDEAL)}, overlap", x, ideal, None)
    yield Mark(panel, f"{baseline_name(1, AWARE)}, overlap", x, aware, psnr_db)


def _grids(
    preset: Preset, seeds: int, backbones: Sequence[BackboneName] | None = None
) -> Iterator[tuple[Grid, BackboneName]]:
    """A grid a backbone and seed, with the backbone, which names the panel."""
    for backbone in backbones or preset.backbones:
        for seed in range(seeds):
            yield Grid(preset, backbone, seed), backbone


def _latency_ms(symbols: int) -> float:
    return 1e3 * symbols / BAUD


def _latency(symbols: int) -> str:
    return f"d = {symbols}, {_latency_ms(symbols):.2f} ms"


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {
    make.__name__: make for make in (fig2a, fig2b, fig2c, fig3, fig4, retransmission, table1, bounds, beta)
}
