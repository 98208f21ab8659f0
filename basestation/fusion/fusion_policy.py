"""The seam for fusion policies: which links a block needs before it is decoded."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from splitwave.basestation.fusion.policies.all_links import AllLinks
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

    A class that has a static method `of` is made by `of(config.fusion)`, others without arguments.
    """

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:
        """Whether a block can be decoded.

        The answer must depend on the arguments alone, be True where `present` equals `expected`, and stay True when
        links are added to `present`: devices expect their answers in the order of their blocks.

        Args:
            present: the links whose parts are in, at least one.
            expected: the links that send this block: all links of the run, or those that are left of them.
        """
        ...


@runtime_checkable
class PassPolicy(FusionPolicy, Protocol):
    """A policy for passes and serving alone: training blocks wait for all links, and so does one process."""

    @property
    def wait_s(self) -> float | None:
        """Seconds after the arrival of its first part after which a block goes with the links that are in, if any."""
        ...


@dataclass(frozen=True, slots=True)
class FusionPolicies:
    """The policies of a run.

    Attributes:
        training: of training blocks.
        passes: of all other blocks.
        wait_s: as in `PassPolicy`; None for no limit.
    """

    training: FusionPolicy
    passes: FusionPolicy
    wait_s: float | None = None

    @classmethod
    def of(cls, policy: FusionPolicy) -> "FusionPolicies":
        """The policies that follow from the named one."""
        if isinstance(policy, PassPolicy):
            return cls(AllLinks(), policy, policy.wait_s)
        return cls(policy, policy)

    def in_one_process(self) -> "FusionPolicies":
        """The policies where no link is late: a pass policy has nothing to decide."""
        return replace(self, passes=self.training, wait_s=None)

    def can_do_without(self, left: Collection[int], links: Collection[int]) -> bool:
        """Whether blocks of passes can be answered although only the links `left` remain of all links of a run."""
        return bool(left) and (self.wait_s is not None or self.passes.is_complete(frozenset(left), frozenset(links)))

    def may_miss_any(self, links: Collection[int]) -> bool:
        """Whether each of these links may leave blocks out, whichever these are.

        Blocks must then wait for all links, so that they are decoded in their order, and only until a deadline.
        """
        everyone = frozenset(links)
        subsets = (everyone - {link} for link in links)
        return self.wait_s is not None and not any(left and self.passes.is_complete(left, everyone) for left in subsets)


def load_fusion_policy(config: RunConfig) -> FusionPolicy:
    """The policy that the settings name.

    Raises:
        ConfigError: nothing has this name, it cannot be imported, or it is no fusion policy.
    """
    name = config.fusion.policy
    factory = FUSION_POLICIES.load(name)
    make = getattr(factory, "of", None)
    policy = factory() if make is None else make(config.fusion)
    if not isinstance(policy, FusionPolicy):
        raise ConfigError(f"fusion.policy = {name}: {type(policy).__name__} has no method is_complete")
    return policy
