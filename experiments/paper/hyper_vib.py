"""Hyper-VIB's comparison with VIB: Table I and Figure 4, MNIST."""

from collections.abc import Callable, Iterator

from experiments.paper.preset import Preset
from experiments.sweep.figure import Figure, Mark
from experiments.sweep.trial import VibTrial

SYMBOLS = 64
SNR_DB = 20.0
BETAS = tuple(10 ** (-5 + half / 2) for half in range(11))
"""The paper's grid: every half decade of [1e-5, 1]."""

VIB, HYPER_VIB = "VIB, a training a β", "Hyper-VIB, one training"


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


FIGURES: dict[str, Callable[[Preset, int], Figure]] = {hyper_vib.__name__: hyper_vib}
