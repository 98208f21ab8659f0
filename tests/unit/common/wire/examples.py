"""Contracts, blocks and messages for the tests of the encoding."""

import numpy as np
import pytest
from hypothesis import strategies as st

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import (
    Gradient,
)
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.workload import Workload
from splitwave.common.wire.blocks import block_from_proto, block_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.training import gradient_to_proto

D = 5


WORKLOAD = Workload(queries=9, samples=3, window=2, rate_per_s=0.5, seed=7)


KEYS = st.builds(BlockKey, st.sampled_from(Phase), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))


def contract_of(breakpoints: int = 6, draws: int = 3, conditioned: bool = False) -> LinkContract:
    config = RunConfig.model_validate(
        {
            "encoder": {"dimension": D},
            "quantizer": {"breakpoints": breakpoints},
            "objective": {"draws": draws},
            "hypernetwork": {"beta": [1e-5, 1.0]} if conditioned else {},
        }
    )
    return link_contract(config, 1)


def level_block(breakpoints: int = 6, samples: int = 4, codebook: bool = True, **changes: object) -> SymbolBlock:
    rng = np.random.default_rng(1)
    levels = np.linspace(-1, 1, breakpoints + 1, dtype=np.float32) if codebook else None
    fields = {
        "link": 1,
        "sequence": 0,
        "key": BlockKey(Phase.TEST, 0, 0),
        "sample_ids": np.arange(samples),
        "payload": LevelPayload(rng.integers(0, breakpoints + 1, (samples, D), dtype=np.uint8), 9, levels),
    }
    return SymbolBlock(**{**fields, **changes})  # type: ignore[arg-type]


def real_block(draws: int = 1, phase: Phase = Phase.TRAIN) -> SymbolBlock:
    values = np.random.default_rng(2).standard_normal((draws, 4, D)).astype(np.float32)
    return SymbolBlock(1, 0, BlockKey(phase, 3, 0), np.array([5, 2, 9, 0]), RealPayload(values), 1.5)


def encoded(block: SymbolBlock, contract: LinkContract) -> pb.SymbolBlock:
    message = pb.SymbolBlock()
    block_to_proto(block, contract, message)
    return message


def encoded_gradient(gradient: Gradient) -> pb.Gradient:
    message = pb.Gradient()
    gradient_to_proto(gradient, message)
    return message


def assert_equal_fields(left: object, right: object) -> None:
    assert type(left) is type(right)
    for name in left.__dataclass_fields__:  # type: ignore[attr-defined]
        a, b = getattr(left, name), getattr(right, name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        elif hasattr(a, "__dataclass_fields__"):
            assert_equal_fields(a, b)
        else:
            assert a == b


def serialised(message: pb.UplinkMessage) -> pb.UplinkMessage:
    return pb.UplinkMessage.FromString(message.SerializeToString())


def refused(message: pb.SymbolBlock, contract: LinkContract) -> str:
    with pytest.raises(ProtocolError) as error:
        block_from_proto(message, contract)
    return str(error.value)
