"""Train and report DT-JSCC: `python -m splitwave.experiments.dt_jscc --symbols 6 16 --psnr-db 10 --report 0 10 20`.

The test split is read after all training, and evaluated once per network over each link of `--report`.
"""

import argparse
import sys
from collections.abc import Sequence

import torch

from splitwave.common.protocol.phases import Phase
from splitwave.common.runtime.process import check_data_dir, run_tool
from splitwave.experiments.dt_jscc.evaluation import score
from splitwave.experiments.dt_jscc.network import DtJscc
from splitwave.experiments.dt_jscc.options import parse, settings_of
from splitwave.experiments.dt_jscc.report import Row, line_of, row_of, write_rows
from splitwave.experiments.dt_jscc.settings import Settings
from splitwave.experiments.dt_jscc.symbol_channel import SymbolChannel
from splitwave.experiments.dt_jscc.training import train
from splitwave.experiments.vddib_sr.report import print_phase
from splitwave.experiments.vddib_sr.samples import Samples, load_samples, load_training


def _run(options: argparse.Namespace) -> None:
    check_data_dir(options.data)
    points = [settings_of(options, symbols) for symbols in options.symbols]
    samples, validation = load_training(points[0], options.data)
    networks = [_train(settings, samples, validation) for settings in points]
    test = None if options.no_test else load_samples(points[0], "test", options.data)
    rows = [
        _measure(settings, network, psnr_db, validation, test)
        for settings, network in zip(points, networks, strict=True)
        for psnr_db in options.report or [settings.psnr_db]
    ]
    if options.csv is not None:
        write_rows(options.csv, rows)


def _train(settings: Settings, samples: Samples, validation: Samples) -> DtJscc:
    trained = train(settings, samples, validation)
    print_phase(f"{settings.symbols} symbols", trained.report)
    return trained.network


def _measure(settings: Settings, network: DtJscc, psnr_db: float, validation: Samples, test: Samples | None) -> Row:
    channel = SymbolChannel(settings, psnr_db)
    held_out = score(network, validation, channel, Phase.VALIDATION).error_rate
    tested = None if test is None else score(network, test, channel, Phase.TEST).error_rate
    row = row_of(settings, psnr_db, held_out, tested)
    print(line_of(row), flush=True)
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, train and report."""
    torch.set_num_threads(1)
    return run_tool(lambda: _run(parse(arguments, __doc__)))


if __name__ == "__main__":
    sys.exit(main())
