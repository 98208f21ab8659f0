"""Tells the devices of a serving pass how to send, query by query."""

from collections.abc import Mapping

from splitwave.basestation.adaptation.link_adaptation import LinkAdaptation
from splitwave.basestation.fusion.block_collector import Arrival
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.events import RunObserver
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import SetLink
from splitwave.common.protocol.phases import Phase


class AdaptationLoop(RunObserver):
    """Sends changed settings before the answers to a query, which ask for the next one.

    It differs from other observers in that it raises RunFailedError, which ends the run, where a policy of a user asks
    for what its links cannot do.
    """

    def __init__(self, adaptation: LinkAdaptation, sessions: Mapping[int, LinkSession]) -> None:
        """Args: what decides, and the sessions by link."""
        self._adaptation = adaptation
        self._sessions = sessions

    def begin(self) -> None:
        """A serving pass begins, with the settings that do not depend on passes before it.

        Raises:
            RunFailedError: the policy asks for what the run's links cannot do.
        """
        if self._adaptation.is_on:
            self._send(self._adaptation.begin_pass())

    def block_decoded(self, arrival: Arrival, decoded: Decoded) -> None:  # noqa: ARG002
        """The links that took part in a query follow what was measured of it."""
        if arrival.block.key.phase is Phase.SERVE and arrival.block.sent:
            self._send(self._adaptation.take({link: part.psnr_db for link, part in arrival.block.sent.items()}))

    def _send(self, settings: Mapping[int, LinkSetting]) -> None:
        for link, setting in settings.items():
            if (session := self._sessions.get(link)) is not None and session.ready:
                session.send(SetLink(setting))
