"""`python -m tests.e2e.live`: MNIST's test digits, one by one, as live sources.

A run is trained (or given by --run), answers N of its test digits in a serving pass of `splitwave infer`, and is
exported. Then a base station serves the model, and each device gets its half of the same digits from a source of its
own, in its own time. Exit code 0 if every digit got the same answer.

With --compare the digits are served twice under the same names: to devices with torch, and with ONNX Runtime.
Exit code 0 if all parts got equal answers with equal probabilities, to the bit.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.e2e.live.device_kinds import KINDS, agreement, replies_of_kind
from tests.e2e.live.digits import compare, views_of
from tests.e2e.live.trained_model import TrainedModel, infer_and_export, train


def main() -> int:
    """Parse the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="mnist-k2", help="a shipped config; mnist-k2 needs the real MNIST")
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=100.0, help="digits a second")
    parser.add_argument("--jitter-ms", type=float, default=20.0)
    parser.add_argument("--encoder", choices=("onnx", "torch"), default="onnx")
    parser.add_argument("--compare", action="store_true", help="devices with torch against devices with ONNX Runtime")
    parser.add_argument("--run", type=Path, help="a results folder; its inference.latency_samples must be --queries")
    options = parser.parse_args()
    named = os.environ.get("SPLITWAVE_DATA_DIR")
    data_dir = Path(named) if named else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = (f"training.epochs={options.epochs}", f"inference.latency_samples={options.queries}")
        run = options.run or train(folder, options.config, *settings, data_dir=data_dir)
        model = infer_and_export(folder, run, data_dir)
        passed, report = (_compare_kinds if options.compare else _compare_with_infer)(options, model, folder, data_dir)
    devices = "torch and onnx" if options.compare else options.encoder
    print(f"{options.config}, {options.rate:g} digits/s, jitter ±{options.jitter_ms:g} ms, {devices} devices")
    print(report)
    return 0 if passed else 1


def _compare_with_infer(
    options: argparse.Namespace, model: TrainedModel, folder: Path, data_dir: Path | None
) -> tuple[bool, str]:
    result = compare(
        model,
        options.queries,
        rate_per_s=options.rate,
        jitter_s=options.jitter_ms * 1e-3,
        folder=folder,
        data_dir=data_dir,
        device_options=(f"--encoder={options.encoder}",),
    )
    return result.passed, str(result)


def _compare_kinds(
    options: argparse.Namespace, model: TrainedModel, folder: Path, data_dir: Path | None
) -> tuple[bool, str]:
    views = views_of(model, [sample for sample, _ in model.expected[: options.queries]], data_dir)
    first, second = (
        replies_of_kind(
            kind, model.folder, views, rate_per_s=options.rate, jitter_s=options.jitter_ms * 1e-3, folder=folder
        )
        for kind in KINDS
    )
    result = agreement(first, second)
    return result.complete, str(result)


if __name__ == "__main__":
    sys.exit(main())
