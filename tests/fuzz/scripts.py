"""The messages that a device sends at the beginning of a run, and seeded damage to them."""

import random
from collections.abc import Sequence

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready, Uplink
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_to_proto
from tests.fuzz.mutation import mutate_message, mutated_bytes

BLOCKS = 3
Script = list[bytes]


def valid_script(config: RunConfig, ready: Ready, device_id: str) -> Script:
    """Hello, Ready and the first blocks of a device that gets link 0, one bundle each."""
    contract = link_contract(config, 0)
    plan = RunPlan(config, ready.train_samples, ready.test_samples)
    hello = Hello(PROTOCOL_VERSION, device_id, "fuzz", None, 4096)
    bodies: list[Uplink] = [hello, ready]
    bodies += [_block(contract, plan, step) for step in range(BLOCKS)]
    return [pb.UplinkBundle(messages=[uplink_to_proto(body, contract)]).SerializeToString() for body in bodies]


def damaged(script: Sequence[bytes], rng: random.Random) -> tuple[str, Script]:
    """A name of the damage, and the messages with it; in half of all cases, one to six bytes of one message differ."""
    messages, place = list(script), rng.randrange(len(script))
    kind = rng.choice(("bytes", "bytes", "bytes", "bytes", "fields", "reordered", "truncated", "duplicated", "dropped"))
    match kind:
        case "bytes":
            messages[place] = mutated_bytes(messages[place], rng)
        case "fields":
            bundle = pb.UplinkBundle.FromString(messages[place])
            mutate_message(bundle, rng)
            messages[place] = bundle.SerializeToString()
        case "reordered":
            rng.shuffle(messages)
        case "truncated":
            messages[place] = messages[place][: rng.randrange(len(messages[place]))]
        case "duplicated":
            messages[place:place] = [messages[place]] * rng.choice((1, 2, 40))
        case "dropped":
            del messages[place]
    return kind, messages


def _block(contract: LinkContract, plan: RunPlan, step: int) -> SymbolBlock:
    ids = plan.block_ids(Phase.TRAIN, step, 0)
    indices = np.zeros((len(ids), contract.dimension), dtype=np.uint8)
    levels = np.linspace(-1, 1, contract.breakpoints + 1, dtype=np.float32) if step == 0 else None
    return SymbolBlock(0, step, BlockKey(Phase.TRAIN, step, 0), ids, LevelPayload(indices, 0, levels), None)
