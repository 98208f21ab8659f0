"""Compare dtypes of the wire: `python -m splitwave.experiments.wire_dtypes -c configs/mnist-k2.yaml --seeds 3`.

Trains the same settings with each `runtime.wire_dtype`, and prints each network's error on the test split, which is
read once. The bytes are those of one link's messages of a training step, counted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, Payload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract, received_contract
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.runtime.process import add_data_option, check_data_dir, run_tool
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.uplink import uplink_to_proto
from splitwave.common.wire_dtype import WireDtype
from splitwave.experiments.evaluation.in_process import torch_threads
from splitwave.experiments.inprocess_run import open_run
from splitwave.experiments.sweep.intervals import MAX_SEEDS, interval

_HOPS = ("device to emulator", "emulator to base station", "base station to emulator", "emulator to device")


def step_bytes(config: RunConfig) -> tuple[int, ...]:
    """The bytes of one link's messages of a training step with one micro-batch, by hop: symbols up, gradients down."""
    sent, received = link_contract(config, 0), received_contract(config, 0)
    up = _block(config, sent, _payload(config, sent)), _block(config, received, _reals(config, received, sent.draws))
    down = _gradient(config, received, sent.draws), _gradient(config, sent, 1)
    messages = [
        *(uplink_to_proto(block, contract) for block, contract in zip(up, (sent, received), strict=True)),
        *map(downlink_to_proto, down),
    ]
    return tuple(message.ByteSize() for message in messages)


def _payload(config: RunConfig, contract: LinkContract) -> Payload:
    if not (contract.breakpoints and contract.hard_training):
        return _reals(config, contract, 1)
    levels = np.linspace(-1, 1, contract.breakpoints + 1, dtype=np.float32)
    return LevelPayload(np.zeros((config.training.batch_size, contract.dimension), dtype=np.uint8), 1, levels)


def _reals(config: RunConfig, contract: LinkContract, draws: int) -> RealPayload:
    values = np.ones((draws, config.training.batch_size, contract.dimension), dtype=np.float32)
    return RealPayload.rounded(values, contract.wire_dtype)


def _block(config: RunConfig, contract: LinkContract, payload: Payload) -> SymbolBlock:
    return SymbolBlock(contract.link, 1, BlockKey(Phase.TRAIN, 1, 0), np.arange(config.training.batch_size), payload)


def _gradient(config: RunConfig, contract: LinkContract, draws: int) -> Gradient:
    reals = _reals(config, contract, draws)
    return Gradient(BlockKey(Phase.TRAIN, 1, 0), reals.values, reals.dtype)


def _test_error(config: RunConfig, data_dir: Path | None) -> float:
    with torch_threads(config.runtime.torch_threads):
        run = open_run(config, data_dir)
        for _ in run.train(lambda _: None):
            pass
        return run.evaluate(Phase.TEST, 0, Symbols.HARD).error


def _run(options: argparse.Namespace) -> None:
    if not 1 <= options.seeds <= MAX_SEEDS:
        raise ConfigError(f"--seeds {options.seeds}: expected 1 to {MAX_SEEDS}")
    check_data_dir(options.data)
    print(f"{options.config}, seeds 0 to {options.seeds - 1}, test errors in %, ± 95 % of Student's t")
    for dtype in get_args(WireDtype):
        _show(options, dtype)


def _show(options: argparse.Namespace, dtype: WireDtype) -> None:
    configs = [
        load_config(options.config, overrides=[*options.set, f"seed={seed}", f"runtime.wire_dtype={dtype}"])
        for seed in range(options.seeds)
    ]
    counted = step_bytes(configs[0])
    print(f"\n{dtype}: {sum(counted):,} bytes a training step and link")
    for hop, count in zip(_HOPS, counted, strict=True):
        print(f"  {hop:<26}{count:>9,}")
    errors = []
    for seed, config in enumerate(configs):
        errors.append(100 * _test_error(config, options.data))
        print(f"  seed {seed}{errors[-1]:>28.2f} %", flush=True)
    mean, half_width = interval(errors)
    print(f"  mean{mean:>30.2f} %" + ("" if half_width is None else f" ± {half_width:.2f}"), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, train and print."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.experiments.wire_dtypes", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings of a run")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings with each dtype (default: 3)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, as for train")
    add_data_option(parser)
    options = parser.parse_args(arguments)
    return run_tool(lambda: _run(options))


if __name__ == "__main__":
    sys.exit(main())
