"""Writes an ONNX graph, operation by operation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

OPSET = 17
"""The version of the operators, of 2022, which every later ONNX Runtime reads."""
IR = 8
"""The version of the file format, likewise."""
BATCH = "batch"


class UnknownLayerError(Exception):
    """A layer, or a use of one, that only torch knows how to export."""


class Graph:
    """An ONNX graph under construction. A value is known by its name."""

    def __init__(self) -> None:
        """An empty graph."""
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[TensorProto] = []
        self._values = 0

    def apply(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation with one output, and return its name."""
        output = self._name()
        self._nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def constant(self, value: Tensor | NDArray[np.generic] | Sequence[int]) -> str:
        """Add weights, or a list of whole numbers, and return their name."""
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        name = self._name()
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def finish(self, inputs: Sequence[tuple[str, Sequence[int | str]]], output: tuple[str, str, int]) -> bytes:
        """Serialise the graph, whose shapes are checked.

        Args:
            inputs: name and shape of each float32 input.
            output: the value that is the result, the name that it gets, and its length; its shape is (batch, length).

        Raises:
            UnknownLayerError: the shapes do not fit, as where a layer is used in a way that this module does not know.
        """
        value, name, length = output
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        graph = helper.make_graph(
            self._nodes,
            "splitwave",
            [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, length])],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="splitwave")
        model.ir_version = IR
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise UnknownLayerError(str(error)) from error
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def _name(self) -> str:
        self._values += 1
        return f"v{self._values}"
