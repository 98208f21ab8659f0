"""The overhead of uplink messages relative to the packed bits of the symbols; counted, not timed."""

from dataclasses import replace

from splitwave.benchmarks.load.uplink_source import test_block
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, LevelPayload
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.wire.accounting import block_cost
from splitwave.common.wire.uplink import uplink_to_proto

_LATE = BlockKey(Phase.TEST, step=20_000, micro_batch=20_000)
_LATE_CODEBOOK, _LATE_SAMPLE, _PORT = 5_000, 30_000, 1
"""Numbers of a message late in a long run, where their encoding takes the most bytes."""
_GRPC_PREFIX_BYTES = 5


def uplink_cost(samples: int, *, codebook: bool = False) -> UplinkCost:
    """Return the cost of a block late in a long run, with d = 28 symbols of 4 bits per sample.

    Args:
        samples: number of samples in the block.
        codebook: whether the block includes the codebook, as it does after each change of the levels.
    """
    contract = link_contract(_settings(samples), _PORT)
    block = test_block(contract, 0 if codebook else 1)
    assert isinstance(block.payload, LevelPayload)
    late = replace(
        block,
        sequence=_LATE.step,
        key=_LATE,
        sample_ids=block.sample_ids + _LATE_SAMPLE,
        payload=replace(block.payload, codebook_version=_LATE_CODEBOOK),
    )
    return block_cost(uplink_to_proto(late, contract))


def _settings(samples: int) -> RunConfig:
    """Return the settings of a run whose largest block has this many samples."""
    config = short_run(2, block_size=samples)
    return config.model_copy(update={"training": config.training.model_copy(update={"batch_size": samples})})


async def wire(bench: Bench) -> Report:
    """Count the uplink bytes of single samples and of blocks, with and without a codebook."""
    report = bench.begin(
        "wire",
        {
            "sequence": _LATE.step,
            "step": _LATE.step,
            "micro_batch": _LATE.micro_batch,
            "codebook_version": _LATE_CODEBOOK,
            "sample_id": _LATE_SAMPLE,
            "port": _PORT,
        },
    )
    for samples in (1, 16, 256, 4096):
        case = "single_sample" if samples == 1 else f"block_{samples}"
        report.record_config(case, _settings(samples))
        later, first = uplink_cost(samples), uplink_cost(samples, codebook=True)
        report.add(f"{case}.message", "bytes", [later.message_bytes])
        report.add(f"{case}.overhead", "bytes", [later.message_bytes - later.packed_bytes])
        report.add(f"{case}.bytes_over_packed", "x", [later.message_bytes / later.packed_bytes])
        report.add(f"{case}.overhead_with_codebook", "bytes", [first.message_bytes - first.packed_bytes])
    report.add("grpc_prefix", "bytes", [_GRPC_PREFIX_BYTES])
    return report
