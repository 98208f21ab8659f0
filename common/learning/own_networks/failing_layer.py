"""Finds the layer of a network in which a forward pass fails, and says what it expected."""

from types import TracebackType
from typing import Self

from torch import Tensor, nn


class LayerTrace:
    """Follows a forward pass through the layers of a network, as a context."""

    def __init__(self, network: nn.Module) -> None:
        """Args: the network, whose layers have hooks within the context."""
        self._network = network
        self._entered: list[tuple[str, nn.Module, tuple[object, ...]]] = []

    def __enter__(self) -> Self:
        """Follow the passes from here on."""
        self._hooks = []
        for name, layer in self._network.named_modules():
            self._hooks += [
                layer.register_forward_pre_hook(self._entering(name)),
                layer.register_forward_hook(lambda *_: self._left()),
            ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()

    def explain(self, problem: str) -> str:
        """The layer that failed, with its expected and its actual input; outside of any layer, the problem itself."""
        if not self._entered:
            return problem
        name, layer, inputs = self._entered[-1]
        got = ", ".join(str(tuple(each.shape)) for each in inputs if isinstance(each, Tensor)) or "no tensor"
        expected = expected_input(layer)
        shapes = f"expected {expected}, got {got}" if expected else f"got {got}: {problem}"
        return f"layer {name or '(the network itself)'}, {_short(layer)}: {shapes}"

    def _entering(self, name: str):  # type: ignore[no-untyped-def]  # torch's stubs have no public type for it
        return lambda layer, inputs: self._entered.append((name, layer, inputs))

    def _left(self) -> None:
        self._entered.pop()


def expected_input(layer: nn.Module) -> str | None:
    """The input shape of a layer of a known kind; None for others."""
    match layer:
        case nn.Linear():
            return f"(…, {layer.in_features})"
        case nn.Conv1d():
            return f"(N, {layer.in_channels}, length)"
        case nn.Conv2d():
            return f"(N, {layer.in_channels}, height, width)"
        case nn.BatchNorm1d():
            return f"(N, {layer.num_features}) or (N, {layer.num_features}, length)"
        case nn.BatchNorm2d():
            return f"(N, {layer.num_features}, height, width)"
        case nn.LayerNorm():
            return f"(…, {', '.join(map(str, layer.normalized_shape))})"
        case _:
            return None


def _short(layer: nn.Module) -> str:
    return type(layer).__name__ if any(layer.children()) else " ".join(repr(layer).split())
