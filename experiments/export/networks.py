"""The ONNX graphs of a run's networks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from splitwave.common.learning.backbones.encoder import Encoder, GaussianEncoder, UnitPowerEncoder
from splitwave.common.learning.hyper_layers import folded
from splitwave.common.learning.own_networks.own_network import OwnNetwork
from splitwave.common.protocol.arrays import Float32
from splitwave.experiments.export.graph import BATCH, Graph, UnknownLayerError
from splitwave.experiments.export.layers import add_layer
from splitwave.experiments.export.own_graph import traced_graph

INPUT, CONDITIONS = "x", "conditions"


class _Mean(nn.Module):
    """The part of an encoder that inference needs."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> Tensor:
        """(B, d) means."""
        if conditions is None:
            return self.encoder.mean_of(x)
        mean: Tensor = self.encoder(x, conditions)[0]
        return mean


def encoder_graph(encoder: Encoder, features: int, dimension: int, rows: Float32, *, as_input: bool) -> bytes:
    """The graph from (B, features) to the means (B, d).

    Args:
        encoder: of a device.
        features: of its view.
        dimension: d.
        rows: (1, C) conditions; C = 0 for plain networks.
        as_input: whether the conditions are an input of the graph; else they are folded in.

    Raises:
        ConfigError: torch cannot export the network.
    """
    return _graph(_Mean(encoder), features, dimension, rows, output="mean", as_input=as_input)


def decoder_graph(decoder: nn.Module, features: int, outputs: int, rows: Float32, *, as_input: bool) -> bytes:
    """The graph from (B, K·d) received symbols to (B, outputs); arguments and errors as for `encoder_graph`."""
    if isinstance(decoder, OwnNetwork):
        decoder.use(training=False)
    return _graph(decoder, features, outputs, rows, output="outputs", as_input=as_input)


@torch.no_grad()
def _graph(network: nn.Module, features: int, length: int, rows: Float32, *, output: str, as_input: bool) -> bytes:
    if rows.size and not as_input:
        network = folded(network, torch.from_numpy(rows[0]))
    inputs: list[tuple[str, Sequence[int | str]]] = [(INPUT, (BATCH, features))]
    if as_input:
        inputs.append((CONDITIONS, rows.shape))
    graph = Graph()
    try:
        value = _add_network(graph, network, CONDITIONS if as_input else None)
        return graph.finish(inputs, (value, output, length))
    except UnknownLayerError:
        return traced_graph(network, features, rows if as_input else None, output)


def _add_network(graph: Graph, network: nn.Module, conditions: str | None) -> str:
    if not isinstance(network, _Mean):
        return add_layer(graph, network, INPUT, conditions)
    encoder = network.encoder
    if type(encoder) not in (GaussianEncoder, UnitPowerEncoder):
        raise UnknownLayerError(type(encoder).__name__)
    value = INPUT
    for layer in encoder.mean_layers:
        value = add_layer(graph, layer, value, conditions)
    return value
