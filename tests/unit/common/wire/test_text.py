"""Texts of a peer are bounded, and refused by name and length beyond that."""

import re
from collections.abc import Callable

import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS, MAX_SETTINGS_CHARACTERS
from splitwave.common.protocol.messages import Leaving
from splitwave.common.wire.downlink import downlink_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_from_proto, uplink_to_proto

NAME, REASON, SETTINGS = MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS, MAX_SETTINGS_CHARACTERS
UP: dict[str, tuple[int, Callable[[str], pb.UplinkMessage]]] = {
    "device_id": (NAME, lambda text: pb.UplinkMessage(hello=pb.Hello(device_id=text))),
    "software": (NAME, lambda text: pb.UplinkMessage(hello=pb.Hello(software=text))),
    "data_digest": (NAME, lambda text: pb.UplinkMessage(ready=pb.Ready(data_digest=text))),
    "sha256": (NAME, lambda text: pb.UplinkMessage(part_saved=pb.PartSaved(sha256=text))),
    "reason": (REASON, lambda text: pb.UplinkMessage(leaving=pb.Leaving(reason=text))),
}
DOWN: dict[str, tuple[int, Callable[[str], pb.DownlinkMessage]]] = {
    "run_id": (NAME, lambda text: pb.DownlinkMessage(welcome=pb.Welcome(run_id=text))),
    "settings_json": (SETTINGS, lambda text: pb.DownlinkMessage(welcome=pb.Welcome(settings_json=text))),
}


@pytest.mark.parametrize("field", UP)
def test_a_text_of_a_device_that_is_too_long_is_refused(field: str) -> None:
    most, message = UP[field]
    uplink_from_proto(message("ü" * most))
    with pytest.raises(ProtocolError, match=re.escape(f"{field} of {most + 1} characters: expected at most {most}")):
        uplink_from_proto(message("ü" * (most + 1)))


@pytest.mark.parametrize("field", DOWN)
def test_a_text_of_a_base_station_that_is_too_long_is_refused(field: str) -> None:
    most, message = DOWN[field]
    downlink_from_proto(message("x" * most))
    with pytest.raises(ProtocolError, match=re.escape(f"{field} of {most + 1} characters: expected at most {most}")):
        downlink_from_proto(message("x" * (most + 1)))


def test_a_device_cuts_its_own_reason_to_what_a_base_station_takes() -> None:
    sent = uplink_from_proto(uplink_to_proto(Leaving("x" * (2 * REASON))))
    assert sent == Leaving("x" * (REASON - 1) + "…")
