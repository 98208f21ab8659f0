"""Times the encoding of several links in one process: `python -m splitwave.benchmarks.encoding`.

`alone`: the worker of each link makes its block of a pass. `group`: `device.learning.link_group` makes the blocks of
all links together. Both make the same blocks of hard symbols; the time includes everything from the samples to the
level indices, but no serialisation.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.process import run_tool
from splitwave.device.learning.link_group import LinkGroup
from splitwave.device.learning.views import StackedViews
from splitwave.device.learning.worker import DeviceWorker

_WARM_UP = 5
_SAMPLES = 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Time both alternately for each K, B and backbone, and print the medians and their ratio."""
    options = _parse(arguments)
    torch.set_num_threads(1)
    for backbone in options.backbone:
        for links in options.links:
            for samples in options.batch:
                alone, group = _medians(_makers(links, samples, backbone), options.repetitions)
                print(
                    f"{backbone:8} K={links:2} B={samples:3}  alone {alone * 1e6:9.1f} us  group {group * 1e6:9.1f} us"
                    f"  {alone / group:5.1f} x"
                )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m splitwave.benchmarks.encoding", description=__doc__)
    parser.add_argument(
        "--links", type=whole_number(1, MAX_LINKS), nargs="+", default=[8, 32, 64], help="links in the process"
    )
    parser.add_argument(
        "--batch", type=whole_number(1, _SAMPLES // 2), nargs="+", default=[1, 256], help="samples per block"
    )
    parser.add_argument("--backbone", nargs="+", default=["linear", "mlp"], help="backbones of the encoders")
    parser.add_argument("--repetitions", type=whole_number(1, 1_000_000), default=100, help="timed blocks of each kind")
    return parser.parse_args(arguments)


def _makers(links: int, samples: int, backbone: str) -> list[Callable[[], object]]:
    settings = {"links": links, "encoder": {"backbone": backbone}, "inference": {"block_size": samples}}
    config = RunConfig.model_validate(settings)
    features = int(np.prod(config.view_shape))
    rng = np.random.default_rng(0)
    train, test = (rng.random((links, count, features), dtype=np.float32) for count in (64, _SAMPLES))
    views = StackedViews(tuple(range(links)), train, test, "")
    alone, grouped = ([DeviceWorker(config, link, views.of(link)) for link in range(links)] for _ in range(2))
    group = LinkGroup(grouped, views)
    return [
        lambda: [worker.pass_block(Phase.TEST, 0, 1, Symbols.HARD) for worker in alone],
        lambda: group.pass_blocks(range(links), BlockKey(Phase.TEST, 0, 1), Symbols.HARD),
    ]


def _medians(makers: Sequence[Callable[[], object]], repetitions: int) -> list[float]:
    seconds: list[list[float]] = [[] for _ in makers]
    for _ in range(_WARM_UP + repetitions):
        for make, times in zip(makers, seconds, strict=True):
            started = time.perf_counter()
            make()
            times.append(time.perf_counter() - started)
    return [statistics.median(times[_WARM_UP:]) for times in seconds]


if __name__ == "__main__":
    sys.exit(run_tool(main))
