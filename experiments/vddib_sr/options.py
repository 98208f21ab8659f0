"""The options of the command line, and their conversion to settings."""

import argparse
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from splitwave.common.config.setting_types import Decibels
from splitwave.common.errors import ConfigError
from splitwave.common.runtime.process import add_data_option
from splitwave.experiments.vddib_sr.chosen import chosen_settings
from splitwave.experiments.vddib_sr.settings import Settings, reasons

_DECIBELS = TypeAdapter[float](Decibels)


def _psnr_db(text: str) -> float | None:
    if text == "ideal":
        return None
    try:
        return _DECIBELS.validate_python(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected decibels from -100 to 150, or ideal") from None


def parse(arguments: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    """Parse a command line; `sys.argv` if `arguments` is None."""
    epilog = "Options without a stated default have the value chosen for the extractor."
    parser = argparse.ArgumentParser(
        prog="python -m splitwave.experiments.vddib_sr", description=description, epilog=epilog
    )
    add = parser.add_argument
    add("--data-set", default="mnist", help="mnist or mnist5k (default: mnist)")
    add("--links", type=int, default=2, help="number of devices K (default: 2)")
    add("--overlap", type=float, default=0.0, help="share of a view that the next device sees too (default: 0)")
    add("--symbols", type=int, nargs="+", default=[16], metavar="D", help="symbols per device in both rounds")
    add("--first", type=int, metavar="D1", help="symbols in round 1 (default: half, rounded up)")
    add("--bits", type=int, default=1, help="bits per symbol, 0 for unquantized symbols (default: 1)")
    add("--psnr", type=_psnr_db, metavar="DB|ideal", help="the training link (default: ideal)")
    add("--report", type=_psnr_db, nargs="+", metavar="DB|ideal", help="the test links (default: --psnr)")
    add("--extractor", default="mlp", help="linear or mlp (default: mlp)")
    add("--features", type=int, help="features per view, f")
    add("--extraction-beta", type=float, help="weight of the rate in phase 1")
    add("--beta", type=float, help="weight of the views' own decoders in phases 2 and 3")
    add("--rate-beta", type=float, help="weight of the extractors' rate in phase 3")
    add("--widths", type=int, nargs=2, help="widths of the decoders' hidden layers")
    add("--epochs", type=int, nargs=3, metavar=("P1", "P2", "P3"), help="epochs of the phases")
    add("--rates", type=float, nargs=3, metavar=("P1", "P2", "P3"), help="initial learning rates of the phases")
    add("--batch", type=int, help="samples per step")
    add("--validation", type=int, default=5000, help="held-out training samples for choosing the epoch (default: 5000)")
    add("--seed", type=int, default=0)
    add("--no-test", action="store_true", help="do not evaluate the test split; for choosing settings")
    add_data_option(parser)
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace, symbols: int) -> Settings:
    """Convert options to settings with this number of symbols per device; the rest are those chosen for the extractor.

    Raises:
        ConfigError: a setting is out of range, or the extractor is unknown.
    """
    first = (symbols + 1) // 2 if options.first is None else options.first
    base = chosen_settings(options.extractor, options.psnr).model_dump()
    extraction = base["extraction"] | _given(features=options.features, beta=options.extraction_beta)
    encoding = base["encoding"] | _given(
        first=first,
        second=symbols - first,
        bits=options.bits,
        beta=options.beta,
        rate_beta=options.rate_beta,
        decoder_widths=None if options.widths is None else tuple(options.widths),
    )
    phases = [(extraction, "schedule"), (encoding, "encode"), (encoding, "finetune")]
    nothing = [None] * len(phases)
    for (section, name), epochs, rate in zip(phases, options.epochs or nothing, options.rates or nothing, strict=True):
        section[name] = section[name] | _given(epochs=epochs, learning_rate=rate, batch_size=options.batch)
    try:
        return Settings.model_validate(
            {
                "seed": options.seed,
                "links": options.links,
                "data": options.data_set,
                "overlap": options.overlap,
                "validation": options.validation,
                "extraction": extraction,
                "encoding": encoding,
            }
        )
    except ValidationError as error:
        raise ConfigError(f"--symbols {symbols}: {reasons(error)}") from None


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
