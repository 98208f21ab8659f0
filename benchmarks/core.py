"""Times the quantizer and the rate in a training step: `python -m splitwave.benchmarks.core`.

The variants of a step are timed alternately, so that changes in the load of the machine affect all of them. `network`
has no quantizer and no rate. `fused` computes both with `device.quantization.fused`, and `naive` in plain autograd.
`printed` is `naive` with the pmf as the paper prints it, which needs less arithmetic but cancels in the upper tail.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from splitwave.benchmarks import naive
from splitwave.benchmarks.training_step import GAMMA, NOISE_VARIANCE, Setting, TrainingStep
from splitwave.common.limits import MAX_BREAKPOINTS, MAX_DIMENSION, MAX_LINKS
from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.process import run_tool
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.fused import Grid, quantize
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.fused import bound_rate
from splitwave.testbed.results.provenance import cpu_model

_WARM_UP = 5


def _fused(mu: Tensor, theta: Tensor, noise: Tensor, codebook: Codebook) -> tuple[Tensor, Tensor]:
    grid = Grid.of(codebook)
    symbols = quantize(mu, theta, noise, grid, gamma=GAMMA, straight_through=False)
    return symbols, bound_rate(mu, theta, grid, noise_variance=NOISE_VARIANCE, bound=TIGHT)


_naive = partial(naive.definitions, gamma=GAMMA, noise_variance=NOISE_VARIANCE)
_printed = partial(naive.as_printed, gamma=GAMMA, noise_variance=NOISE_VARIANCE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Time the variants for each batch size, and print medians and ratios."""
    options = _parse(arguments)
    torch.set_num_threads(options.threads)
    print(_machine(), f"threads={torch.get_num_threads()}", sep="\n")
    for batch in options.batch:
        setting = Setting(batch, options.links, options.dimension, options.breakpoints)
        print(f"\n{_describe(setting)} repetitions={options.repetitions}")
        medians = _time(setting, options.repetitions)
        for name, seconds in medians.items():
            print(f"{name:8} {seconds * 1e3:8.2f} ms   {seconds / medians['network']:5.2f} x network")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m splitwave.benchmarks.core", description=__doc__)
    parser.add_argument(
        "--batch", type=whole_number(1, 65_536), nargs="+", default=[256, 1024], help="samples per step"
    )
    parser.add_argument("--links", type=whole_number(1, MAX_LINKS), default=2, help="number of devices")
    parser.add_argument("--dimension", type=whole_number(1, MAX_DIMENSION), default=28, help="features per device")
    parser.add_argument(
        "--breakpoints", type=whole_number(1, MAX_BREAKPOINTS), default=15, help="breakpoints of the quantizer"
    )
    parser.add_argument("--threads", type=whole_number(1, 256), default=1, help="number of threads of torch")
    parser.add_argument(
        "--repetitions", type=whole_number(1, 1_000_000), default=60, help="timed steps of each variant"
    )
    return parser.parse_args(arguments)


def _machine() -> str:
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{cpu_model()} ({platform.machine()}, {capability}) torch={torch.__version__} numpy={np.__version__}"


def _describe(setting: Setting) -> str:
    batch, links, dimension, breakpoints = setting
    return f"B={batch} K={links} d={dimension} T={breakpoints} gamma={GAMMA:g} noise_variance={NOISE_VARIANCE:g}"


def _time(setting: Setting, repetitions: int) -> dict[str, float]:
    """The median time of a step of each variant, in seconds."""
    steps = {
        "network": TrainingStep(setting, None),
        "fused": TrainingStep(setting, _fused),
        "naive": TrainingStep(setting, _naive),
        "printed": TrainingStep(setting, _printed),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(_WARM_UP + repetitions):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds[_WARM_UP:]) for name, seconds in times.items()}


if __name__ == "__main__":
    sys.exit(run_tool(main))
