"""The settings of the experiment: how the networks are trained, and the trace on which they serve."""

from dataclasses import dataclass
from typing import Any

from splitwave.common.config.run_config import RunConfig

NORMALISED_DOPPLER = 0.01
"""f_D times the time of a sample: the autocorrelation J₀(2π·0.01·n) of the gain is 1/2 after 24 samples."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The options of the experiment.

    Attributes:
        data: name of the data set.
        epochs: of the training.
        seed: of weights, fading and noise.
        psnr_db: peak PSNR of every link at the mean power gain, in dB.
        dimension: d.
        link_dropout: of the training, for silent links.
    """

    data: str = "mnist"
    epochs: int = 8
    seed: int = 0
    psnr_db: float = 10.0
    dimension: int = 28
    link_dropout: float = 0.1


def training_settings(choice: Choice) -> RunConfig:
    """Soft training over Rayleigh fading, each sample with a gain of its own, with perfect channel state."""
    return RunConfig.model_validate(
        {
            "seed": choice.seed,
            "data": {"name": choice.data, "validation": 5000 if choice.data == "mnist" else 500},
            "encoder": {"dimension": choice.dimension},
            "training": {"epochs": choice.epochs, "batch_size": 256, "link_dropout": choice.link_dropout},
            "channel": _channel(choice, ["rayleigh", "awgn"], {}),
        }
    )


def serving_settings(choice: Choice) -> RunConfig:
    """The same networks over Clarke's fading, with levels as bits: QPSK, where the form of a sample says nothing else.

    A sample's place in time is its place in its split, and the time between two is the same whichever forms they have,
    so that all settings and tables meet one trace.
    """
    settings = training_settings(choice).model_dump(mode="json")
    digital = {"digital": {"modulation": "qpsk"}}
    time_s = RunConfig.model_validate(settings | {"channel": settings["channel"] | digital}).airtime_s
    clarke = {"name": "clarke", "doppler_hz": NORMALISED_DOPPLER / time_s}
    return RunConfig.model_validate(settings | {"channel": _channel(choice, [clarke, "awgn"], digital)})


def _channel(choice: Choice, model: list[Any], digital: dict[str, Any]) -> dict[str, Any]:
    receiver = {"csi": "perfect", "equaliser": "zero-forcing", "inputs": True}
    return {"model": model, "psnr_db": choice.psnr_db, "receiver": receiver, **digital}
