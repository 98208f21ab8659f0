"""A channel that changes during a stream, and a day of a trace: `python -m tests.e2e.live_channel`.

Trains the demo. `splitwave infer` then answers --queries queries in processes, while `splitwave channel set --link 0
psnr_db=0` is run after a quarter of them, and `psnr_db=none` after the half. Every answer is compared with that of the
static run in one process whose settings have the state that the query says it met. Then a trace of a day, with a query
a second, is the channel model of another run, and is replayed by processes and twice in one process. Exit code 0 if no
query is lost, all answers are those of their state, and all replays give the same answers.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.tasks.task import Answers
from splitwave.experiments.inprocess_checkpoints import load_checkpoint
from splitwave.experiments.inprocess_run import InprocessRun, open_run
from tests.e2e.live.trained_model import splitwave, train
from tests.installed_command import ENVIRONMENT, SPLITWAVE
from tests.limits import LIMIT_S

BAD_DB = 0.0
DAY_S = 86_400
STEP_S = 60
"""Between two rows of the trace."""


def main() -> int:
    """Parse the command line, and run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=8_000)
    parser.add_argument("--day-queries", type=int, default=DAY_S, help="queries of a replay, one a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = train(folder, "demo", f"inference.latency_samples={options.queries}")
        changed = _changes_during_a_stream(folder, run, options.queries)
        replayed = _replays_a_day(folder, options.day_queries)
    return 0 if changed and replayed else 1


def _changes_during_a_stream(folder: Path, run: Path, queries: int) -> bool:
    answers, results = folder / "answers.jsonl", folder / "serving"
    command = [str(SPLITWAVE), "infer", "--checkpoint", str(run), "--answers", str(answers), "--results", str(results)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as serving:
        for value, after in ((f"psnr_db={BAD_DB:g}", queries // 4), ("psnr_db=none", queries // 2)):
            _wait_for_lines(answers, after, serving)
            print(splitwave("channel", "set", "--link", "0", value, "--results", results).strip(), flush=True)
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    return serving.returncode == 0 and _check_answers(lines, run, queries)


def _wait_for_lines(file: Path, lines: int, writer: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + LIMIT_S
    while not file.exists() or file.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            writer.wait(0.01)
            raise AssertionError("the stream was over too early: more --queries")


def _check_answers(lines: Sequence[dict[str, Any]], run: Path, queries: int) -> bool:
    labels = load_labels(_settings(run).data.choice, "test", None)
    targets = np.array([labels[line["sample"]] for line in lines])
    static = {psnr_db: _answers(_restored(run, None, psnr_db)) for psnr_db in (None, BAD_DB)}
    states = [line["channel"][0].get("psnr_db") if "channel" in line else None for line in lines]
    lost = queries - len({line["sequence"] for line in lines})
    wrong = sum(line["answer"] != static[state][line["sequence"]] for line, state in zip(lines, states, strict=True))
    expected = np.array([static[state][line["sequence"]] for line, state in zip(lines, states, strict=True)])
    given = np.array([line["answer"] for line in lines])
    for state, count in Counter(states).items():
        met = np.array([each == state for each in states])
        shown = "as in the settings" if state is None else f"{state:g} dB"
        print(
            f"link 0 {shown}: {count} queries, error {np.mean(given[met] != targets[met]):.2%}; the static run has "
            f"{np.mean(expected[met] != targets[met]):.2%} on the same queries"
        )
    differ, wrong = int(np.sum(static[None] != static[BAD_DB])), int(np.sum(given != expected))
    print(
        f"lost: {lost}; answers of another state than the query says: {wrong} (the states differ on {differ} queries)"
    )
    return not lost and not wrong and differ > 0 and set(states) == {None, BAD_DB}


def _replays_a_day(folder: Path, queries: int) -> bool:
    data = folder / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    rows = [
        f"{time_s},{link},{rng.normal(-3, 4):.2f},{rng.uniform(0, 20):.2f}"
        for time_s in range(0, DAY_S, STEP_S)
        for link in (0, 1)
    ]
    (data / "day.csv").write_text("\n".join(["time_s,link,gain_db,psnr_db", *rows, ""]))
    trace = "channel.model=[{name: trace, path: day.csv, period_s: 1.0}, awgn]"
    overrides = ("--set", trace, "--set", "training.epochs=2", "--set", f"inference.latency_samples={queries}")
    where = ("--engine", "inprocess", "--results", folder / "day")
    splitwave("train", "-c", "demo", *overrides, *where, data_dir=data)
    (run,) = (folder / "day" / "demo").iterdir()
    answers = folder / "day.jsonl"
    splitwave("infer", "--checkpoint", run, "--answers", answers, "--results", folder / "day", data_dir=data)
    served = np.array([json.loads(line)["answer"] for line in answers.read_text().splitlines()])
    replays = [served, *(_answers(_restored(run, data)) for _ in range(2))]
    digests = [hashlib.sha256(replay.astype(np.int64).tobytes()).hexdigest()[:12] for replay in replays]
    print(f"a day of a trace, {queries} queries, by processes and twice in one process: {', '.join(digests)}")
    return len(set(digests)) == 1 and all(len(replay) == queries for replay in replays)


def _settings(run: Path) -> RunConfig:
    return load_config(run / "config.yaml", environment={})


def _restored(run: Path, data_dir: Path | None = None, psnr_db: float | None = None) -> InprocessRun:
    """A trained run in this process; with `psnr_db` link 0 has it by the settings."""
    restored = open_run(_settings(run), data_dir)
    load_checkpoint(restored, run / "ckpt")
    restored.evaluate(Phase.TEST, 0, Symbols.HARD)  # it sends the levels
    if psnr_db is not None:
        restored.tune(psnr_db=[psnr_db, 10.0])  # type: ignore[arg-type]
    return restored


def _answers(run: InprocessRun) -> Answers:
    return np.concatenate([block.answers for block in run.answered_blocks(Phase.SERVE, 0, Symbols.HARD)])


if __name__ == "__main__":
    sys.exit(main())
