"""The requests of an operator to a station. No transport."""

from collections.abc import Mapping

import structlog

from splitwave.basestation.serving.live_admission import LiveAdmission
from splitwave.basestation.serving.live_model import LiveModel
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.live_station import LiveStation
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.basestation.serving.model_switch import ModelSwitch
from splitwave.basestation.serving.serving_betas import ServingBetas
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import SetLink

log = structlog.get_logger()


class StationControls:
    """Shows a station to an operator, and carries out changes.

    Attributes:
        switch: changes its model.
    """

    def __init__(
        self,
        store: ModelStore,
        station: LiveStation,
        admission: LiveAdmission,
        betas: ServingBetas,
        switch: ModelSwitch,
    ) -> None:
        """Args: the parts of the station."""
        self._store = store
        self._station = station
        self._admission = admission
        self._betas = betas
        self.switch = switch

    @property
    def model(self) -> LiveModel:
        """The model in use."""
        return self._store.current

    @property
    def sessions(self) -> Mapping[int, LiveSession]:
        """The connected devices by link."""
        return self._admission.sessions

    @property
    def queries(self) -> int:
        """How many queries were answered."""
        return self._station.queries

    @property
    def betas(self) -> list[float]:
        """By link, β of its next queries; empty unless the networks are β-conditioned."""
        return self._betas.betas

    def set_beta(self, link: int | None, beta: float) -> list[float]:
        """Set β of one link, or of all links, for the queries that follow.

        Returns:
            β by link, as it is now.

        Raises:
            ProtocolError: see `ServingBetas.set_beta`.
        """
        for changed in self._betas.set_beta(link, beta):
            if session := self.sessions.get(changed):
                session.send(SetLink(LinkSetting(beta=beta)))
        log.info("beta set", link="all" if link is None else link, beta=beta)
        return self.betas
