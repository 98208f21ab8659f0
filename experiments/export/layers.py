"""The layers of Splitwave's networks as ONNX operations.

Each line is the operation that torch computes, so that both give nearly the same bits. Networks with other layers are
exported by torch itself (`own_graph`): that takes seconds a network, and the package onnxscript.
"""

from typing import Any

from torch import nn

from splitwave.common.learning.backbones.conv import ConvDecoder, ConvTrunk
from splitwave.common.learning.backbones.decoder import Decoder
from splitwave.common.learning.convolution import ResidualBlock
from splitwave.common.learning.hyper_layers import Chain, Gate, HyperConv2d, HyperLinear
from splitwave.experiments.export.graph import Graph, UnknownLayerError


def add_layer(graph: Graph, layer: nn.Module, x: str, conditions: str | None) -> str:
    """Add a layer and all that it consists of.

    Args:
        graph: that it is added to.
        layer: with its weights.
        x: its input.
        conditions: the input (1, C) of gated layers, if there are any.

    Returns:
        Its output.

    Raises:
        UnknownLayerError: it is none of Splitwave's networks.
    """
    kind = type(layer)
    if kind.__module__.partition(".")[0] not in ("splitwave", "torch"):  # it may be derived from one of these
        raise UnknownLayerError(kind.__name__)
    if kind is nn.Identity:
        return x
    if kind is nn.Linear:
        return graph.apply("Gemm", x, *_parameters(graph, layer), transB=1)
    if kind in (nn.ReLU, nn.Tanh):
        return graph.apply("Relu" if kind is nn.ReLU else "Tanh", x)
    if isinstance(layer, nn.Flatten):
        return _flatten(graph, layer, x)
    if isinstance(layer, nn.Unflatten):
        return _unflatten(graph, layer, x)
    if isinstance(layer, nn.Conv2d):
        return graph.apply("Conv", x, *_parameters(graph, layer), **_geometry(layer))
    if isinstance(layer, nn.GroupNorm):
        return _group_norm(graph, layer, x)
    if kind in (nn.Sequential, Chain) and isinstance(layer, nn.Sequential):
        for each in layer:
            x = add_layer(graph, each, x, conditions)
        return x
    if isinstance(layer, HyperLinear) and conditions is not None:
        return graph.apply("Mul", add_layer(graph, layer.plain, x, None), _gate(graph, layer.gate, conditions))
    if isinstance(layer, HyperConv2d) and conditions is not None:
        return _hyper_convolution(graph, layer, x, conditions)
    return _composite(graph, layer, x, conditions)


def _composite(graph: Graph, layer: nn.Module, x: str, conditions: str | None) -> str:
    match layer:
        case ResidualBlock(shortcut=shortcut, residual=residual):
            sides = (add_layer(graph, side, x, None) for side in (shortcut, residual))
            return graph.apply("Relu", graph.apply("Add", *sides))
        case ConvTrunk(layers=layers, view_shape=shape):
            maps = graph.apply("Reshape", x, graph.constant([-1, *shape]))
            return graph.apply("Flatten", add_layer(graph, layers, maps, None))
        case ConvDecoder(spread_out=spread_out, maps=maps, classify=classify):
            found = add_layer(graph, maps, add_layer(graph, spread_out, x, None), None)
            return add_layer(graph, classify, graph.apply("ReduceMean", found, axes=[2, 3], keepdims=0), None)
        case Decoder(layers=layers):
            return add_layer(graph, layers, x, conditions)
    raise UnknownLayerError(type(layer).__name__)


def _parameters(graph: Graph, layer: nn.Module) -> list[str]:
    return [graph.constant(values) for values in (layer.weight, layer.bias) if values is not None]  # type: ignore[arg-type]


def _geometry(layer: nn.Conv2d) -> dict[str, Any]:
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        raise UnknownLayerError(f"Conv2d with padding {layer.padding}, {layer.padding_mode}")
    return {
        "kernel_shape": list(layer.kernel_size),
        "strides": list(layer.stride),
        "pads": [*layer.padding, *layer.padding],
        "dilations": list(layer.dilation),
        "group": layer.groups,
    }


def _flatten(graph: Graph, layer: nn.Flatten, x: str) -> str:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise UnknownLayerError("Flatten of some dimensions")
    return graph.apply("Flatten", x)


def _unflatten(graph: Graph, layer: nn.Unflatten, x: str) -> str:
    if layer.dim != 1 or not isinstance(layer.unflattened_size, tuple):
        raise UnknownLayerError("Unflatten of some dimension")
    return graph.apply("Reshape", x, graph.constant([-1, *map(int, layer.unflattened_size)]))


def _group_norm(graph: Graph, layer: nn.GroupNorm, x: str) -> str:
    """Each group is one channel of a normalisation over samples; scale and offset of the channels follow."""
    groups, channels = layer.num_groups, layer.num_channels
    if not layer.affine:
        raise UnknownLayerError("GroupNorm without weights")
    ones, zeros = layer.weight.new_ones(groups), layer.weight.new_zeros(groups)
    grouped = graph.apply("Reshape", x, graph.constant([0, groups, -1]))
    normal = graph.apply(
        "InstanceNormalization", grouped, graph.constant(ones), graph.constant(zeros), epsilon=layer.eps
    )
    maps = graph.apply("Reshape", normal, graph.apply("Shape", x))
    scaled = graph.apply("Mul", maps, graph.constant(layer.weight.view(channels, 1, 1)))
    return graph.apply("Add", scaled, graph.constant(layer.bias.view(channels, 1, 1)))


def _gate(graph: Graph, gate: Gate, conditions: str) -> str:
    """(1, outputs), see `Gate.forward`."""
    slope = graph.apply("MatMul", conditions, graph.constant(gate.slope))
    return graph.apply("Sigmoid", graph.apply("Add", slope, graph.constant(gate.offset)))


def _hyper_convolution(graph: Graph, layer: HyperConv2d, x: str, conditions: str) -> str:
    plain = layer.plain
    assert plain.bias is not None  # of every gated convolution
    outputs, inputs = plain.weight.shape[:2]
    shape = graph.constant([outputs, inputs, 1, 1])
    scales = graph.apply("Reshape", _gate(graph, layer.kernel_gate, conditions), shape)
    kernels = graph.apply("Mul", scales, graph.constant(plain.weight))
    flat = graph.apply("Reshape", _gate(graph, layer.bias_gate, conditions), graph.constant([outputs]))
    return graph.apply("Conv", x, kernels, graph.apply("Mul", flat, graph.constant(plain.bias)), **_geometry(plain))
