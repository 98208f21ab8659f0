"""β of QML-IB, chosen on held-out training digits by the experiment `beta`."""

from experiments.sweep.trial import MlpOrLinear

_DEFAULT = 3e-4

_CHOSEN: dict[tuple[MlpOrLinear, int, float], float] = {}


def chosen_beta(backbone: MlpOrLinear, links: int, psnr_db: float) -> float:
    """β for a backbone, K and PSNR in dB."""
    return _CHOSEN.get((backbone, links, psnr_db), _DEFAULT)
