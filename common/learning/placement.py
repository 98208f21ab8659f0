"""The device and the precision of a party's network; all else stays in float32 on the CPU."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from splitwave.common.config.sections import RuntimeSettings
from splitwave.common.errors import ConfigError


def full_precision(x: Tensor) -> AbstractContextManager[torch.autocast | None]:
    """A context without autocast on the device of x, whatever context is active."""
    kind = x.device.type
    # An autocast that changes nothing would cost a single sample as much as a layer.
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()


class Placement:
    """The device and the precision that `runtime.torch_device` and `runtime.bf16` ask for.

    A network is moved to `device`; `enter` its inputs, compute within `precision()`, and `leave` with its outputs.
    Gradients take the same way back. On the CPU without bfloat16 each of these changes nothing.
    """

    def __init__(self, runtime: RuntimeSettings) -> None:
        """Make sure that the device exists.

        Raises:
            ConfigError: torch finds no CUDA device on this machine.
        """
        if runtime.torch_device == "cuda" and not torch.cuda.is_available():
            raise ConfigError(
                f"runtime.torch_device = cuda: torch {torch.__version__} finds no CUDA device on this machine; use cpu"
            )
        self.device = torch.device(runtime.torch_device)
        self._bf16 = runtime.bf16

    def precision(self, training: bool) -> AbstractContextManager[torch.autocast | None]:
        """A context for the forward pass alone: autograd computes each gradient in the precision of its operation."""
        return torch.autocast(self.device.type, torch.bfloat16) if self._bf16 and training else nullcontext()

    def enter(self, x: Tensor) -> Tensor:
        """The tensor on the device of the network."""
        return x.to(self.device)

    @staticmethod
    def leave(x: Tensor) -> Tensor:
        """The tensor on the CPU, float32."""
        return x.to("cpu", torch.float32)
