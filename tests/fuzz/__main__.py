"""`python -m tests.fuzz`: mutated bytes for every decoder; prints what became of them, and keeps what crashed."""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

import structlog

from tests.fuzz.file_targets import file_targets
from tests.fuzz.record_targets import record_targets
from tests.fuzz.runner import Findings, keep, run_target
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import wire_targets

LARGEST_GROWTH_BYTES = 20 << 20


def main() -> int:
    """Run the targets; 1 if one crashed, hung or grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000, help="inputs for the decoders of the wire, in total")
    parser.add_argument("--files", type=int, default=50_000, help="inputs for the decoders of files, in total")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", help="only the targets whose names begin like this")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        files = [*file_targets(Path(folder)), *record_targets(Path(folder))]
        groups = [
            (list(wire_targets()), options.messages),
            (files, options.files),
        ]
        bad = [_run(targets, budget, options.seed, options.target or "") for targets, budget in groups]
    return int(any(bad))


def _run(targets: list[Target], budget: int, seed: int, prefix: str) -> bool:
    total: Counter[str] = Counter()
    chosen = [target for target in targets if target.name.startswith(prefix)]
    bad = False
    for target in chosen:
        findings = run_target(target, -(-budget // len(chosen)), seed)
        keep(target.name, list(findings.crashes.values()))
        total += findings.outcomes
        bad |= bool(findings.crashes) or findings.growth_bytes > LARGEST_GROWTH_BYTES
        print(_line(target, findings), flush=True)
    print(_table(total), flush=True)
    return bad


def _line(target: Target, findings: Findings) -> str:
    counts = ", ".join(f"{outcome} {count}" for outcome, count in findings.outcomes.most_common())
    crashes = "".join(f"\n    {each}" for each in findings.crashes)
    return (
        f"{target.name}: {counts}; +{findings.growth_bytes / 2**20:.1f} MB, slowest {findings.slowest_s * 1e3:.0f} ms"
        f"{crashes}"
    )


def _table(total: Counter[str]) -> str:
    rows = "".join(f"{count:>9,}  {outcome}\n" for outcome, count in total.most_common())
    return f"\n{rows}{total.total():>9,}  in total\n"


if __name__ == "__main__":
    sys.exit(main())
