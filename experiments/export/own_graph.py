"""The ONNX graph of any network, by torch's own exporter."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch import nn

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.arrays import Float32
from splitwave.experiments.export.graph import BATCH

_PROBES = 3
"""Samples that the network is exported with: a batch of 1 would become a constant of the graph."""


def traced_graph(network: nn.Module, features: int, rows: Float32 | None, output: str) -> bytes:
    """The graph of a network from (B, features), for any B, or for B = 1 if its code depends on the number of samples.

    Args:
        network: in evaluation mode.
        features: its inputs.
        rows: (1, C) conditions, if they are an input of the graph.
        output: the name of its result.

    Raises:
        ConfigError: torch cannot export it, or the package onnxscript is missing.
    """
    try:
        model = _export(network, features, rows, output, _PROBES)
        if not model.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
            model = _export(network, features, rows, output, 1)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"to export networks of your own, install the package {error.name}: pip install 'splitwave[export]'"
        ) from None
    except Exception as error:  # torch raises errors of many classes for what it cannot export
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ConfigError(f"{_name(network)}: torch cannot export this network as ONNX: {lines[0]}") from error
    _remove_traces(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _export(network: nn.Module, features: int, rows: Float32 | None, output: str, samples: int) -> onnx.ModelProto:
    batch = {0: torch.export.Dim(BATCH)} if samples > 1 else None
    inputs: tuple[torch.Tensor, ...] = (torch.zeros(samples, features),)
    names, shapes = ["x"], [batch]
    if rows is not None:
        inputs, names, shapes = (*inputs, torch.from_numpy(rows)), [*names, "conditions"], [*shapes, None]
    with _silence():
        network(*inputs)  # which puts a network of a user's own into evaluation mode, before the trace
        program = torch.onnx.export(
            network,
            inputs,
            dynamo=True,
            verbose=False,
            external_data=False,
            input_names=names,
            output_names=[output],
            dynamic_shapes=tuple(shapes),
        )
    assert program is not None  # it is with dynamo alone
    model: onnx.ModelProto = program.model_proto
    return model


def _remove_traces(model: onnx.ModelProto) -> None:
    """Remove what says where on this machine the network's code lies, which is nobody's business on a board."""
    graph = model.graph
    parts: list[Any] = [model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for part in parts:
        del part.metadata_props[:]
        part.doc_string = ""


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporter's warnings, which are about torch, off the terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _name(network: nn.Module) -> str:
    own = [
        module
        for module in network.modules()
        if type(module).__module__.partition(".")[0] not in ("splitwave", "torch")
    ]
    return type(own[0]).__name__ if own else type(network).__name__
