"""`python -m tests.e2e.live.switching`: the model of a station changes while two device processes submit queries.

Two models are trained on the embedded digits and exported. Devices submit digits at --rate while `splitwave deploy`
changes to the second model, back, and to the second again. Exit code 0 if every query was answered, on both links by
the same model, and the models changed three times.
"""

import argparse
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import numpy as np

from tests.e2e.live.live_source import LiveSource, captures, feed_all
from tests.e2e.live.trained_model import splitwave, train
from tests.e2e.services import Services

PIXELS = 392


def main() -> int:
    """Parse the command line, and change models under load."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="queries a second")
    parser.add_argument("--queries", type=int, default=8_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        models = [_model(folder, seed) for seed in (1, 2)]
        services = Services(folder, stack)
        _, address = services.serve("basestation", "splitwave.basestation", f"--serve={models[0]}")
        _, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
        sources = []
        for link in (0, 1):
            source = LiveSource(uplink, models[0] / f"device-{link}", "--encoder=onnx")
            stack.callback(source.kill)
            sources.append(source)
        operator = threading.Thread(target=_change, args=(address, models[1], sources[0], options.queries // 8))
        digits = np.random.default_rng(0).random((options.queries, PIXELS), dtype=np.float32)
        operator.start()
        codes = feed_all(sources, [captures(digits, options.rate, 0.4 / options.rate, seed=link) for link in (0, 1)])
        operator.join()
    return _report(sources, options.queries, options.rate, codes)


def _model(folder: Path, seed: int) -> Path:
    own = folder / str(seed)
    run = train(own, "demo", "training.epochs=1", f"seed={seed}")
    splitwave("export", run, own / "model", keys=folder / "keys")
    return own / "model"


def _change(address: str, model: Path, source: LiveSource, every: int) -> None:
    """Change the model after each of the first three eighths of the answers."""
    changes: tuple[tuple[str | Path, ...], ...] = ((model,), ("--roll-back",), ("--roll-back",))
    for number, arguments in enumerate(changes, start=1):
        source.wait_for_answers(number * every)
        print(splitwave("deploy", *arguments, "--to", address).strip())


def _report(sources: list[LiveSource], queries: int, rate: float, codes: list[int]) -> int:
    by_query: dict[int, list[int]] = {}
    outcomes: Counter[str] = Counter()
    for source in sources:
        for answer in source.answers:
            outcomes[answer["outcome"]] += 1
            by_query.setdefault(answer["sequence"], []).append(answer["model"])
    two = sum(len(set(models)) > 1 for models in by_query.values())
    order = [model for model, _ in groupby(by_query[number][0] for number in sorted(by_query))]
    lost = queries * len(sources) - outcomes["answered"]
    print(f"{rate:g} queries/s, {queries} queries, 2 devices: {dict(outcomes)}, exit codes {codes}")
    print(f"parts without an answer: {lost}; queries answered by two models: {two}; order of the models: {order}")
    return 0 if not (lost or two or any(codes)) and order == [1, 2, 1, 2] else 1


if __name__ == "__main__":
    sys.exit(main())
