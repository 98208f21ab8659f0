"""The options of a live device, from which its link is opened."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from splitwave.common.errors import ConfigError
from splitwave.device.application.opening import LinkOptions, open_link
from splitwave.device.application.submitter import Submitter


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """All that a device is opened with.

    Attributes:
        link: to the base station.
        stream, capture_period_ms, class_names: as for `Submitter`.
    """

    link: LinkOptions
    stream: int = 0
    capture_period_ms: float | None = None
    class_names: tuple[str, ...] = ()

    def open(self) -> Submitter:
        """Open the link.

        Raises:
            SplitwaveError: it cannot be opened, or the options do not fit the model; the class says why.
        """
        link = open_link(self.link)
        try:
            return Submitter(
                link, stream=self.stream, capture_period_ms=self.capture_period_ms, class_names=self.class_names
            )
        except BaseException:
            link.close()
            raise


def opened(submitter: Submitter | None, name: str) -> Submitter:
    """The submitter of a device that is open.

    Raises:
        ConfigError: it is not.
    """
    if submitter is None:
        raise ConfigError(f"the device is not open: use it within `with sw.{name}(…) as device:`")
    return submitter


def path_of(text: str | PathLike[str] | None) -> Path | None:
    """A folder that the user gave in any form."""
    return None if text is None else Path(text)
