"""A small run's settings, the sessions and blocks of its links, and fusion policies of another package."""

import numpy as np

from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import FusionSettings
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan

CONFIG = RunConfig.model_validate(
    {
        "encoder": {"dimension": 3},
        "training": {"batch_size": 4},
        "runtime": {"credits": 2},
        "inference": {"block_size": 5},
    }
)
PLAN = RunPlan(CONFIG, 8, 10)
KEY = BlockKey(Phase.TRAIN, 0, 0)


def symbols(value: float, draws: int = 1, samples: int = 4) -> Float32:
    return np.full((draws, samples, 3), value, dtype=np.float32)


def session_of(link: int) -> LinkSession:
    return LinkSession(link_contract(CONFIG, link), f"device-{link}", "peer")


def pass_block(link: int, number: int = 0) -> SymbolBlock:
    ids = PLAN.block_ids(Phase.TEST, 0, number)
    return SymbolBlock(link, number, BlockKey(Phase.TEST, 0, number), ids, RealPayload(symbols(1.0, samples=5)))


def with_policy(config: RunConfig, policy: str) -> RunConfig:
    return config.model_copy(update={"fusion": FusionSettings(policy=policy)})
