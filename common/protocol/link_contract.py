"""The contract that a run's settings make for a link; apart from its class, because boards have no settings to read."""

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.symbols import LinkContract


def link_contract(config: RunConfig, link: int) -> LinkContract:
    """The contract of one link of a run with these settings."""
    return LinkContract(
        link=link,
        dimension=config.encoder.dimension,
        breakpoints=config.quantizer.breakpoints,
        bits=config.bits_per_symbol,
        draws=config.objective.draws,
        max_samples=max(config.training.batch_size, config.inference.block_size),
        hard_training=config.quantizer.forward == "straight-through",
        task=config.task,
        carries_beta=config.hypernetwork.beta is not None,
        links=config.links,
    )
