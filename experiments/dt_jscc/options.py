"""The options of the command line, and their conversion to settings."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from splitwave.common.errors import ConfigError
from splitwave.common.runtime.process import add_data_option
from splitwave.experiments.dt_jscc.settings import Settings
from splitwave.experiments.vddib_sr.settings import reasons

_OPTIONS: dict[str, tuple[type, str]] = {
    "links": (int, "number of devices K"),
    "overlap": (float, "share of a view that the next device sees too"),
    "codewords": (int, "size of a device's codebook, M: log2(M) bits a symbol"),
    "features": (int, "features of a device before its codebook"),
    "modulation": (str, "psk, or 16-qam with 16 codewords"),
    "psnr_db": (float, "peak PSNR of the training link in dB"),
    "entropy_weight": (float, "weight of the indices' entropy"),
    "temperature": (float, "temperature of the Gumbel-softmax"),
    "validation": (int, "held-out training samples for choosing the epoch"),
    "seed": (int, "seed of all random numbers"),
}
_SCHEDULE: dict[str, tuple[type, str]] = {
    "epochs": (int, "epochs"),
    "batch_size": (int, "samples per step"),
    "learning_rate": (float, "initial learning rate"),
}


def parse(arguments: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    """Parse a command line; `sys.argv` if `arguments` is None."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.experiments.dt_jscc", description=description)
    parser.add_argument("--data-set", default="mnist", help="mnist or mnist5k (default: mnist)")
    parser.add_argument("--symbols", type=int, nargs="+", default=[16], metavar="D", help="symbols per device")
    parser.add_argument("--report", type=float, nargs="+", metavar="DB", help="the test links (default: --psnr-db)")
    defaults = Settings()
    for section, options in ((defaults, _OPTIONS), (defaults.schedule, _SCHEDULE)):
        for name, (kind, meaning) in options.items():
            help_text = f"{meaning} (default: {getattr(section, name)})"
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=help_text)
    parser.add_argument("--no-test", action="store_true", help="do not evaluate the test split; for choosing settings")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the results to this file")
    add_data_option(parser)
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace, symbols: int) -> Settings:
    """Convert options to settings with this number of symbols per device.

    Raises:
        ConfigError: a setting is out of range.
    """
    given = _given(options, _OPTIONS)
    schedule = Settings().schedule.model_dump() | _given(options, _SCHEDULE)
    try:
        return Settings.model_validate({"data": options.data_set, "symbols": symbols, "schedule": schedule} | given)
    except ValidationError as error:
        raise ConfigError(f"--symbols {symbols}: {reasons(error)}") from None


def _given(options: argparse.Namespace, names: dict[str, tuple[type, str]]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(options, name)) is not None}
