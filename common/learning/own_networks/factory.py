"""Makes the networks of a run: those of the backbone, or those of the user's factories that the settings name."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.learning.backbones.backbone import make_decoder, make_encoder
from splitwave.common.learning.backbones.encoder import Encoder
from splitwave.common.learning.own_networks.dry_run import DryRun, dry_run
from splitwave.common.learning.own_networks.own_network import OwnEncoder, OwnNetwork
from splitwave.common.learning.own_networks.shapes import DecoderShapes, EncoderShapes
from splitwave.common.named_object import import_object, origin
from splitwave.common.protocol.link_contract import received_dimension
from splitwave.common.randomness import Purpose, generator

_TORCH_SEEDS = 1 << 63
_draws = threading.Lock()
"""Torch's generator belongs to the process, and a process may host several parties in threads."""


def device_network(config: RunConfig, link: int) -> Encoder:
    """The network of one device: `encoder.network` with heads, or the backbone's.

    Raises:
        ConfigError: it cannot be made, or does not fit the shapes of the run.
    """
    name, view = config.encoder.network, config.view_shape_of(link)
    if name is None:
        return make_encoder(config.encoder, view, config.conditions)
    d = config.encoder.dimension
    with _keyed_draws(config.seed, link), _naming(f"encoder.network = {name} (link {link})"):
        network = _made("encoder.network", name, EncoderShapes(view, link, config.links, d))
        features = dry_run(network, view, input_has_gradient=False).outputs
        return OwnEncoder(features, d, OwnNetwork(network, view))


def basestation_network(config: RunConfig) -> nn.Module:
    """The network of the base station: `decoder.network`, or the backbone's.

    Raises:
        ConfigError: it cannot be made, or does not fit the shapes of the run.
    """
    name, d = config.decoder.network, received_dimension(config)
    if name is None:
        return make_decoder(config)
    shapes = DecoderShapes(config.links, d, config.task.outputs)
    inputs = (config.links * d,)
    with _keyed_draws(config.seed, config.links), _naming(f"decoder.network = {name}"):
        network = _made("decoder.network", name, shapes)
        _check_decoder(dry_run(network, inputs, input_has_gradient=True), shapes, config)
        return OwnNetwork(network, inputs)


def _made(setting: str, name: str, shapes: EncoderShapes | DecoderShapes) -> nn.Module:
    factory = import_object(setting, name)
    if not callable(factory):
        raise ConfigError(f"expected a function of the shapes, got {factory!r}")
    try:
        network = factory(shapes)
    except Exception as error:  # a user's factory may raise anything
        raise ConfigError(f"the factory fails: {origin(error)}") from error
    if not isinstance(network, nn.Module):
        raise ConfigError(f"the factory: expected a torch.nn.Module, got {type(network).__name__}")
    return network


def _check_decoder(found: DryRun, shapes: DecoderShapes, config: RunConfig) -> None:
    if found.outputs != shapes.outputs:
        raise ConfigError(f"its output: expected (N, {shapes.outputs}), got (N, {found.outputs})")
    if found.keeps_statistics and config.runtime.decoder_shards > 1:
        raise ConfigError(
            f"it keeps statistics of its inputs, as batch normalisation does, and "
            f"runtime.decoder_shards = {config.runtime.decoder_shards} would mix them: expected decoder_shards = 1"
        )


@contextmanager
def _keyed_draws(seed: int, party: int) -> Iterator[None]:
    """Let torch draw from a generator of the run's seed and the party; party K is the base station."""
    with _draws, torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator(seed, Purpose.OWN_NETWORK, link=party).integers(_TORCH_SEEDS)))
        yield


@contextmanager
def _naming(network: str) -> Iterator[None]:
    """Begin the message of an error with the network, unless it does."""
    try:
        yield
    except ConfigError as error:
        text = str(error)
        setting = network.partition(" ")[0]
        raise ConfigError(text if text.startswith(setting) else f"{network}: {text}") from error.__cause__
