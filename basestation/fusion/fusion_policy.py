"""The seam for fusion policies: which links a block needs before it is decoded."""

from collections.abc import Set as AbstractSet
from typing import Protocol, runtime_checkable

from splitwave.common.config.registry import FUSION_POLICIES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError


@runtime_checkable
class FusionPolicy(Protocol):
    """Decides whether a block has enough links; named by the setting `fusion.policy`.

    The base station asks each time that a part of a block arrives. A block that goes without some links has zeros for
    their symbols. When a missing part arrives later it is dropped, and its device still gets an answer: the
    block's prediction, or in training a gradient of zeros. A training step or pass ends once every link has sent
    all its parts, so a policy decides how long a block waits, not whether a link takes part in the run.
    """

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:
        """Whether a block can be decoded.

        The answer must depend on the arguments alone, be True where `present` equals `expected`, and stay True when
        links are added to `present`: devices expect their answers in the order of their blocks.

        Args:
            present: the links whose parts are in, at least one.
            expected: all links of the run.
        """
        ...


def load_fusion_policy(config: RunConfig) -> FusionPolicy:
    """The policy that the settings name.

    Raises:
        ConfigError: nothing has this name, it cannot be imported, or it is no fusion policy.
    """
    name = config.fusion.policy
    policy = FUSION_POLICIES.load(name)()
    if not isinstance(policy, FusionPolicy):
        raise ConfigError(f"fusion.policy = {name}: {type(policy).__name__} has no method is_complete")
    return policy
