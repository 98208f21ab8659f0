"""The seam for policies of link adaptation, which set a link's next query."""

from typing import Protocol, runtime_checkable

from splitwave.common.config.registry import ADAPTATION_POLICIES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.link_setting import LinkSetting


@runtime_checkable
class AdaptationPolicy(Protocol):
    """Chooses how a link sends its next query; named by the setting `adaptation.policy`.

    A class that has a static method `of` is made by `of(config.adaptation)`, others without arguments.
    """

    def setting(self, link: int, psnr_db: float) -> LinkSetting:
        """The setting of the link's next query; the answer must depend on the arguments alone.

        Args:
            link: the link's index.
            psnr_db: peak PSNR of its last query in dB, behind the fading, as the receiver measured it; at the beginning
                of a serving pass that of `channel.psnr_db`.
        """
        ...


def load_adaptation_policy(config: RunConfig) -> AdaptationPolicy:
    """The policy that the settings name.

    Raises:
        ConfigError: nothing has this name, it cannot be imported, or it is no adaptation policy.
    """
    name = config.adaptation.policy
    factory = ADAPTATION_POLICIES.load(name)
    make = getattr(factory, "of", None)
    policy = factory() if make is None else make(config.adaptation)
    if not isinstance(policy, AdaptationPolicy):
        raise ConfigError(f"adaptation.policy = {name}: {type(policy).__name__} has no method setting")
    return policy
