"""Every protobuf message and enum has a counterpart in the protocol."""

import enum
import importlib
import pkgutil

import pytest

from splitwave.common import wire
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.wire.pb import uplink_pb2 as pb


@pytest.mark.parametrize(("wire", "plain"), [(pb.Phase, Phase), (pb.Symbols, Symbols), (pb.Outcome, Outcome)])
def test_every_protobuf_enum_equals_its_counterpart(wire: object, plain: type[enum.IntEnum]) -> None:
    numbers = dict(wire.items())  # type: ignore[attr-defined]
    prefix = plain.__name__.upper()
    assert numbers == {f"{prefix}_UNSPECIFIED": 0} | {f"{prefix}_{member.name}": member.value for member in plain}


@pytest.mark.parametrize("message", [pb.UplinkMessage, pb.DownlinkMessage])
def test_every_body_of_a_message_has_an_encoder_and_a_decoder(
    message: type[pb.UplinkMessage | pb.DownlinkMessage],
) -> None:
    modules = [
        importlib.import_module(found.name) for found in pkgutil.iter_modules(wire.__path__, f"{wire.__name__}.")
    ]
    defined = {name for module in modules for name in vars(module) if name.endswith(("_to_proto", "_from_proto"))}
    bodies = {field.name for field in message.DESCRIPTOR.oneofs_by_name["body"].fields}
    assert {f"{body}_{way}_proto" for body in bodies for way in ("to", "from")} <= defined
