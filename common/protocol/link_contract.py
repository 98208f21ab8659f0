"""The contracts that settings make for a link; apart from their class, because boards have no settings to read."""

import dataclasses

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.symbols import LinkContract


def link_contract(config: RunConfig, link: int, *, is_live: bool = False) -> LinkContract:
    """The contract of one link of a run with these settings, before its channel.

    Args:
        config: the settings.
        link: its index.
        is_live: whether it is that of a live device, which sends as the settings say: stations adapt no link.
    """
    return LinkContract(
        link=link,
        dimension=config.encoder.dimension,
        breakpoints=config.quantizer.breakpoints,
        draws=config.objective.draws,
        max_samples=max(config.training.batch_size, config.inference.block_size),
        hard_training=config.quantizer.forward == "straight-through",
        task=config.task,
        carries_beta=config.hypernetwork.beta is not None,
        links=config.links,
        adapts=config.adaptation.is_on and not is_live,
        wire_dtype=config.runtime.wire_dtype,
    )


def received_contract(config: RunConfig, link: int, *, is_live: bool = False) -> LinkContract:
    """The contract of the same link behind its channel, between emulator and base station."""
    sent = link_contract(config, link, is_live=is_live)
    return dataclasses.replace(sent, dimension=received_dimension(config), inputs=config.channel.receiver.input_columns)


def received_dimension(config: RunConfig) -> int:
    """How many values of a sample and link are received: d symbols, and the channel state where that is an input."""
    return config.encoder.dimension + config.channel.receiver.input_columns
