"""The encoder with 8-bit weights and activations, by ONNX Runtime's quantization after training."""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from splitwave.common.protocol.arrays import Float32
from splitwave.experiments.export.networks import CONDITIONS, INPUT

CALIBRATION_SAMPLES = 512
"""Training samples whose largest and smallest activations set the ranges."""


def quantized_graph(graph: bytes, samples: Float32, rows: Float32 | None) -> bytes:
    """Quantize a graph: weights by output channel, activations by their range over the samples.

    Args:
        graph: of an encoder.
        samples: (N, features).
        rows: (1, C) conditions, if they are an input of the graph.
    """
    with tempfile.TemporaryDirectory() as folder, _silence():
        path = Path(folder, "int8.onnx")
        quantize_static(
            onnx.load_from_string(graph),
            path,
            _Samples(samples, rows),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        return path.read_bytes()


class _Samples(CalibrationDataReader):  # type: ignore[misc]  # the package has no types
    """Gives the samples one by one."""

    def __init__(self, samples: Float32, rows: Float32 | None) -> None:
        conditions = {} if rows is None else {CONDITIONS: rows}
        self._feeds = iter([{INPUT: sample[None], **conditions} for sample in samples])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next sample; None at the end."""
        return next(self._feeds, None)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep advice about the graph off the terminal: nothing that the user can act on."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
