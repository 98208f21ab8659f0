"""The messages between an operator and the channel emulator: changes of links, and the state after them."""

from dataclasses import dataclass

from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.live_channel import NO_VALUES, ChannelValues, LiveChannel, check_value_name

PLAN = "plan"
"""The name that a change resets to end the plan of a link."""

MAX_PLANNED = 1_000_000
"""Most rows of the plans of all links: 11 days of one link at one row a second."""


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """New values of one link, or of all.

    Attributes:
        link: None for all links of the run.
        values: those that are given replace earlier ones.
        reset: names of values that are again those of the settings, and `plan` to end a plan.
    """

    link: int | None
    values: ChannelValues = NO_VALUES
    reset: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check link and names.

        Raises:
            ValueError: there is no such link or name, or a value is both given and reset.
        """
        if self.link is not None:
            check_link(self.link)
        for name in sorted(self.reset - {PLAN}):
            check_value_name(name)
        for name in sorted(self.reset & self.values.given.keys()):
            raise ValueError(f"{name} is both set and reset")
        if not self.reset and not self.values.given:
            raise ValueError("a change without a value")


@dataclass(frozen=True, slots=True)
class PlannedValues:
    """From a query on, a link has these values, beside those that it had before.

    Attributes:
        query: number of the query in its pass or stream, from 0.
    """

    link: int
    query: int
    values: ChannelValues

    def __post_init__(self) -> None:
        """Check link and query.

        Raises:
            ValueError: there is no such link or query, or the row has no value.
        """
        check_link(self.link)
        if self.query < 0:
            raise ValueError(f"query = {self.query}: expected 0 or more")
        if not self.values.given:
            raise ValueError("a row without a value")


@dataclass(frozen=True, slots=True)
class LinkReport:
    """A link of the emulator.

    Attributes:
        channel: its state, without its plan.
        planned: rows of its plan.
        connected: whether a device has been welcomed on it since the emulator was started.
    """

    link: int
    channel: LiveChannel
    planned: int
    connected: bool


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """The state of an emulator: how many changes it has taken, and its links, ascending."""

    version: int
    links: tuple[LinkReport, ...]


def check_link(link: int) -> None:
    """Refuse the number of a link that no run has.

    Raises:
        ValueError: it is not within 0 to 63.
    """
    if not 0 <= link < MAX_LINKS:
        raise ValueError(f"link {link}: expected 0 to {MAX_LINKS - 1}")
