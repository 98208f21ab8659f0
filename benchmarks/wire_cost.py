"""What the uplink carries besides symbols: messages, as bundles hold them, over packed bits. Counted, not timed."""

from benchmarks.report import Report
from benchmarks.scope import Bench, short_run
from benchmarks.uplink_source import test_block
from common.accounting import block_cost
from common.messages import UplinkCost
from common.symbols import LinkContract
from common.wire_control import uplink_to_proto

_FAR = 10_000  # of a stream: its sequence numbers take as many bytes as in any run
_GRPC_PREFIX_BYTES = 5


def uplink_cost(samples: int, number: int = _FAR) -> UplinkCost:
    """The cost of block `number` of a stream; number 0 brings the codebook.

    Args:
        samples: of the block, d = 28 symbols of 4 bits each.
        number: its place in the stream.
    """
    config = short_run(2, block_size=samples)
    config = config.model_copy(update={"training": config.training.model_copy(update={"batch_size": samples})})
    contract = LinkContract.of(config, 1)
    return block_cost(uplink_to_proto(test_block(contract, number), contract))


async def wire(bench: Bench) -> Report:
    """Bytes on the uplink of single samples and of blocks, with and without the codebook that a stream begins with."""
    report = bench.begin("wire", {"dimension": 28, "breakpoints": 15})
    for samples in (1, 16, 256, 4096):
        case = "single_sample" if samples == 1 else f"block_{samples}"
        later, first = uplink_cost(samples), uplink_cost(samples, 0)
        report.add(f"{case}.message", "bytes", [later.message_bytes])
        report.add(f"{case}.overhead", "bytes", [later.message_bytes - later.packed_bytes])
        report.add(f"{case}.bytes_over_packed", "x", [later.message_bytes / later.packed_bytes])
        report.add(f"{case}.overhead_with_codebook", "bytes", [first.message_bytes - first.packed_bytes])
    report.add("grpc_prefix", "bytes", [_GRPC_PREFIX_BYTES])
    return report
