"""The setting of a link's queries, which link adaptation and operators may change from one block to the next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkSetting:
    """The setting of one link's queries; None is as the run's settings say.

    Attributes:
        beta: β under which a β-conditioned encoder works.
        bits: a symbol; fewer than ceil(log2(T+1)) merge neighbouring levels.
        modulation: of the bits, in digital mode.
        sends: whether symbols are sent at all; a link that does not still sends its pilots.
    """

    beta: float | None = None
    bits: int | None = None
    modulation: str | None = None
    sends: bool = True


AS_CONFIGURED = LinkSetting()
