"""The values of β for QML-IB, chosen on held-out training digits by the experiment `beta`."""

from splitwave.common.config.setting_types import BackboneName

MANY_SYMBOLS = 20
"""From this d on, the β found at d = 57 is used; below, the one found at d = 16."""

CHOSEN: dict[tuple[BackboneName, int, float, bool], float] = {
    ("linear", 2, 0.0, False): 1e-4,
    ("linear", 2, 5.0, False): 1e-3,
    ("linear", 2, 10.0, False): 1e-3,
    ("linear", 2, 15.0, False): 1e-3,
    ("linear", 2, 20.0, False): 1e-3,
    ("linear", 1, 10.0, True): 1e-3,
    ("linear", 2, 10.0, True): 1e-5,
    ("linear", 4, 10.0, True): 1e-4,
    ("tanh", 2, 10.0, False): 1e-4,
    ("tanh", 2, 10.0, True): 1e-4,
    ("mlp", 2, 10.0, False): 1e-4,
    ("mlp", 2, 10.0, True): 1e-4,
}
"""β by backbone, K, PSNR in dB, and whether there are many symbols."""


def chosen_beta(backbone: BackboneName, links: int, psnr_db: float, symbols: int) -> float:
    """Return the chosen β for a backbone, K, PSNR in dB and d.

    Raises:
        KeyError: β was not searched at this point.
    """
    return CHOSEN[backbone, links, psnr_db, symbols >= MANY_SYMBOLS]
