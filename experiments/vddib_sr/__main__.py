"""Train and report VDDIB-SR: `python -m splitwave.experiments.vddib_sr --links 2 --symbols 16 --bits 1 --psnr ideal`.

Several `--symbols` share one phase 1. The test split is read after all training, and evaluated once per network over
the links given by `--report`.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import torch

from splitwave.common.protocol.phases import Phase
from splitwave.common.records.checkpoint import weights_sha256
from splitwave.common.runtime.process import check_data_dir, run_tool
from splitwave.experiments.duration import duration
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.encoding import Trained, train_encoding
from splitwave.experiments.vddib_sr.evaluation import predict
from splitwave.experiments.vddib_sr.extraction import Extraction, extract
from splitwave.experiments.vddib_sr.options import parse, settings_of
from splitwave.experiments.vddib_sr.report import print_phase, print_predictions
from splitwave.experiments.vddib_sr.samples import Samples, load_samples, load_training
from splitwave.experiments.vddib_sr.settings import Settings


def _run(options: argparse.Namespace) -> None:
    check_data_dir(options.data)
    points = [settings_of(options, symbols) for symbols in options.symbols]
    shared = points[0]
    train, validation = load_training(shared, options.data)
    extraction = extract(shared, train, validation)
    for link, report in enumerate(extraction.reports):
        print_phase(f"extract view {link}", report)
    trained = [_train(settings, extraction, train, validation) for settings in points]
    links = options.report or [options.psnr]
    _report(Phase.VALIDATION, points, trained, validation, links)
    if not options.no_test:
        test = load_samples(shared, "test", options.data)
        _report(Phase.TEST, points, trained, test, links)


def _report(
    phase: Phase,
    points: Sequence[Settings],
    trained: Sequence[Trained],
    samples: Samples,
    links: Sequence[float | None],
) -> None:
    for settings, result in zip(points, trained, strict=True):
        for psnr_db in links:
            channel = SymbolChannel(settings.seed, settings.links, psnr_db)
            print_predictions(phase, settings, psnr_db, predict(result.network, samples, channel, phase))


def _train(settings: Settings, extraction: Extraction, train: Samples, validation: Samples) -> Trained:
    started = time.perf_counter()
    trained = train_encoding(settings, extraction, train, validation)
    print_phase("encode", trained.encode)
    print_phase("finetune", trained.finetune)
    print(f"{duration(time.perf_counter() - started)}, weights {weights_sha256(trained.network)[:12]}", flush=True)
    return trained


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, train and report."""
    torch.set_num_threads(1)
    return run_tool(lambda: _run(parse(arguments, __doc__)))


if __name__ == "__main__":
    sys.exit(main())
