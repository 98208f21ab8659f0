"""The one place where the payload of the uplink is counted, at four levels.

Information bits a sample are `RunConfig.payload_bits_per_sample` and modelled airtime is `RunConfig.airtime_s`; both
follow from the settings. Packed bytes and protobuf bytes are counted here, block by block, on the messages sent.
"""

from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.wire.bundling import bundled_bytes
from splitwave.common.wire.pb import uplink_pb2 as pb


def block_cost(message: pb.UplinkMessage) -> UplinkCost:
    """Return the cost of an uplink message that carries a block, with its share of the bundle's framing.

    gRPC's 5-byte prefix of a bundle and HTTP/2's framing are not counted.
    """
    block = message.block
    payload = block.levels.packed if block.HasField("levels") else block.reals.data
    return UplinkCost(block.samples, len(payload), bundled_bytes(message))
