"""Checks of the models in which links meet, over all links of a run at once."""

from collections.abc import Iterable

import numpy as np

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.emulator.together import return_together, transmit_together
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase

KEY = BlockKey(Phase.TRAIN, 3, 1)
LINKS, SAMPLES, DIMENSION = 3, 6, 4


def config_of(model: object, draws: int = 1, **more: object) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": LINKS,
            "encoder": {"dimension": DIMENSION},
            "objective": {"draws": draws},
            "quantizer": {"breakpoints": 0},
            "channel": {"model": model, **more},
        }
    )


def random(copies: int, seed: int) -> list[Float32]:
    """By link, (copies, B, d) in [−1, 1]."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, (copies, SAMPLES, DIMENSION)).astype(np.float32) for _ in range(LINKS)]


def received(config: RunConfig, symbols: Iterable[Float32]) -> Float32:
    """(K, L, B, d): what the base station receives."""
    links = [ChannelLink(config, link) for link in range(LINKS)]
    blocks = [SymbolBlock(link, 0, KEY, np.arange(SAMPLES), RealPayload(sent)) for link, sent in enumerate(symbols)]
    payloads = [block.payload for block in transmit_together(links, blocks)]
    return np.stack([payload.values for payload in payloads if isinstance(payload, RealPayload)])


def returned(config: RunConfig, gradients: Iterable[Float32]) -> Float32:
    """(K, 1, B, d): what the devices get."""
    links = [ChannelLink(config, link) for link in range(LINKS)]
    answers = return_together(links, [Gradient(KEY, values) for values in gradients])
    return np.stack([answer.values for answer in answers])


def check_adjoint(config: RunConfig) -> None:
    """Check ⟨C(z) − C(0), g⟩ = ⟨z, Aᵀg⟩ over all links, with the tolerance of `laws.check_adjoint`."""
    symbols, gradients = np.stack(random(1, 1)), np.stack(random(config.objective.draws, 2))
    ahead = received(config, symbols).astype(float)
    at_zero = received(config, [np.zeros_like(sent) for sent in symbols]).astype(float)
    back = returned(config, gradients).astype(float)
    assert back.shape == (LINKS, 1, SAMPLES, DIMENSION)
    terms = (np.abs(gradients) * (np.abs(ahead) + np.abs(at_zero))).sum() + (np.abs(symbols) * np.abs(back)).sum()
    tolerance = 8 * np.finfo(np.float32).eps * terms
    np.testing.assert_allclose(((ahead - at_zero) * gradients).sum(), (symbols * back).sum(), rtol=0, atol=tolerance)
