"""The text of docs/results/channels.md, the page about fading links, and its summary."""
# ruff: noqa: E501  # a paragraph's lines and a table's rows are as long as they are on the page

from splitwave.experiments.paper.channels import TITLES, curve_name
from splitwave.experiments.paper.grid import LINKS
from splitwave.experiments.trials.radio import RICIAN_K_DB
from tools.result_pages.measured import Measured

_FIGURE = "channels"
_RAYLEIGH = TITLES["rayleigh"]
_ON_AWGN, _ON_RAYLEIGH, _ON_MIXTURE = (curve_name(name, csi=False) for name in ("awgn", "rayleigh", "mixture"))
_WITH_CSI = curve_name("rayleigh", csi=True)


def page(measured: Measured) -> str:
    """Return the whole page."""
    return f"""# Fading links

This page shows the error over AWGN, Rician and Rayleigh links of networks that were trained over each of them, and over a mixture, with
[channel state](../explanation/channels.md) at the receiver and without. `python -m tools.publish_figures` writes it from the table in
`docs/results/channels/`; a test compares them. Numbers are means over seeds with a 95 % interval (Student's t), which covers initialisation, batch order, noise and fading, but not the
choice of samples.

    SPLITWAVE_DATA_DIR=DIR splitwave experiment run {_FIGURE} --seeds 5
    splitwave experiment plot {_FIGURE}                           # the picture, from the CSV alone

![Test error over the PSNR, a panel for each test channel](channels/{_FIGURE}.png)

{measured.table(_FIGURE)}

How much higher the error of networks trained on AWGN is than that of networks trained on Rayleigh links, both without CSI, seed by seed (positive: the Rayleigh training is better):

{measured.gaps(_FIGURE, _ON_RAYLEIGH, _ON_AWGN)}

The same for trainings on the mixture against trainings on Rayleigh links:

{measured.gaps(_FIGURE, _ON_RAYLEIGH, _ON_MIXTURE)}

And for no CSI against CSI, both trained on Rayleigh links:

{measured.gaps(_FIGURE, _WITH_CSI, _ON_RAYLEIGH)}

{measured.made(_FIGURE)}

## How it was measured

- *Setting.* MNIST's upper and lower halves (K = {LINKS}), QML-IB with the backbone `linear`, d = 16 symbols a device, T = 15, the β, epochs and optimiser of [QML-IB's figures](qml-ib.md).
  They were chosen on AWGN links and not again on fading ones.
- *Training.* At 10 dB; every sample meets a gain of its own. The epoch with the lowest held-out error over the training's channel is taken. The test split is evaluated after training,
  at all PSNRs of the table with one network.
- *PSNR* is peak PSNR (QML-IB, eq. (20)) at a mean power gain of 1; see [SNR](../explanation/snr.md). Rician links have K = {RICIAN_K_DB:g} dB. A sample of the mixture meets AWGN, Rician or
  Rayleigh fading, each as often.
- *CSI* is perfect, and the receiver has an MMSE equaliser. On held-out digits (one seed, 8 epochs) trainings over Rayleigh links had lower errors with it than with gain and PSNR as inputs of the
  network, or with both, at every PSNR but 10 dB, where the three were equal within the noise. Training at PSNRs drawn from 0 to 20 dB in place of 10 dB helped below 10 dB and hurt above.
"""


def summary(measured: Measured) -> str:
    """Return the part of the overview: the errors over Rayleigh links in one sentence."""
    at = (0.0, 10.0, 20.0)
    errors = {
        curve: ", ".join(measured.point(_FIGURE, _RAYLEIGH, curve, x) for x in at)
        for curve in (_ON_AWGN, _ON_RAYLEIGH, _WITH_CSI)
    }
    return f"""Over Rayleigh links of 0, 10 and 20 dB (peak PSNR, K = {LINKS}, d = 16, MNIST), networks trained on AWGN have errors of {errors[_ON_AWGN]}; networks trained
on Rayleigh links {errors[_ON_RAYLEIGH]}, and with channel state {errors[_WITH_CSI]}.
[Fading links](channels.md) has Rician links, mixtures and the plot."""
