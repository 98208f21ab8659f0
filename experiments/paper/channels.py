"""The error over AWGN, Rician and Rayleigh links, by the links of the training, with CSI and without."""

from collections.abc import Callable, Iterator

from splitwave.experiments.paper.grid import LINKS, PSNR_DB, Grid
from splitwave.experiments.paper.preset import Preset
from splitwave.experiments.sweep.figure import Figure, Mark
from splitwave.experiments.trials.radio import RICIAN_K_DB, RadioName

TRAINED: tuple[RadioName, ...] = ("awgn", "rician", "rayleigh", "mixture")
TESTED: tuple[RadioName, ...] = ("awgn", "rician", "rayleigh")
TITLES: dict[RadioName, str] = {
    "awgn": "AWGN",
    "rician": f"Rician, K = {RICIAN_K_DB:g} dB",
    "rayleigh": "Rayleigh",
    "mixture": "a mixture of the three",
}


def channels(preset: Preset, seeds: int) -> Figure:
    """Test error over the PSNR, a panel for each test channel, and a curve for each training."""
    title = f"Error over fading links, K = {LINKS}, d = {preset.axes.middle_symbols}, trained at {PSNR_DB:g} dB"
    views = {"no CSI": ".*no CSI", "MMSE, perfect CSI": ".*with CSI"}
    return Figure("channels", title, "PSNR (dB)", tuple(_marks(preset, seeds)), views=views)


def curve_name(trained: RadioName, *, csi: bool) -> str:
    """The name of the curve of trainings over these links."""
    return f"trained on {TITLES[trained]}, {'with' if csi else 'no'} CSI"


def _marks(preset: Preset, seeds: int) -> Iterator[Mark]:
    for seed in range(seeds):
        grid = Grid(preset, "linear", seed)
        for csi in (False, True):
            for trained in TRAINED:
                trial = grid.qml_ib_trial(
                    preset.axes.middle_symbols,
                    radio=trained,
                    csi=csi,
                    test_radios=TESTED,
                )
                for tested in TESTED:
                    for psnr_db in preset.axes.psnr_db:
                        name = curve_name(trained, csi=csi)
                        yield Mark(TITLES[tested], name, psnr_db, trial, psnr_db, radio=tested)


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {channels.__name__: channels}
PUBLISHED = FIGURES
