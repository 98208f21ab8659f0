"""The state that all streams of an emulator share: its clock, and for each run the medium on which its links meet."""

from weakref import WeakValueDictionary

from splitwave.channel.emulator.clock import Clock, ThreadClock
from splitwave.channel.emulator.link_timing import Medium
from splitwave.channel.emulator.parts_of_links import PartsOfLinks


class RunMedium:
    """The medium of one run's links, as far as they share one.

    Attributes:
        band: the band that all links occupy with TDMA.
        up: blocks that wait for the parts of other links, where links meet in the channel.
        down: gradients that do.
    """

    def __init__(self, links: int) -> None:
        """Args: K."""
        self.band = Medium()
        self.up, self.down = PartsOfLinks(links), PartsOfLinks(links)

    def forget(self, link: int) -> None:
        """Drop what waits for the other links: this link's run starts over."""
        self.up.forget(link)
        self.down.forget(link)


class EmulatedMedia:
    """The clock and the media of the runs whose links pass this emulator.

    Attributes:
        clock: by which messages are held.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """Args: the clock, by default the machine's."""
        self.clock = ThreadClock() if clock is None else clock
        self._runs: WeakValueDictionary[tuple[str, int], RunMedium] = WeakValueDictionary()

    def medium_of(self, run_id: str, links: int) -> RunMedium:
        """The medium of a run of K links, which exists as long as a port keeps it."""
        medium = self._runs.get((run_id, links))
        if medium is None:
            medium = self._runs[run_id, links] = RunMedium(links)
        return medium
