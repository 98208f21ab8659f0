"""Joining and leaving a run: Hello, Ready and Leaving up, Welcome and Finish down."""

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_REASON_CHARACTERS, MAX_SETTINGS_CHARACTERS
from splitwave.common.protocol.messages import Finish, Hello, Leaving, Ready, Welcome
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.text import bounded, shortened_reason


def hello_to_proto(hello: Hello) -> pb.Hello:
    """Encode a device's first message."""
    return pb.Hello(
        protocol_version=hello.protocol_version,
        device_id=hello.device_id,
        software=hello.software,
        link=hello.link,
        max_dimension=hello.max_dimension,
        model_version=hello.model_version,
    )


def hello_from_proto(message: pb.Hello) -> Hello:
    """Decode a device's first message.

    Raises:
        ProtocolError: a text is too long.
    """
    return Hello(
        protocol_version=message.protocol_version,
        device_id=bounded(message.device_id, "device_id"),
        software=bounded(message.software, "software"),
        link=message.link if message.HasField("link") else None,
        max_dimension=message.max_dimension,
        model_version=bounded(message.model_version, "model_version") if message.HasField("model_version") else None,
    )


def welcome_to_proto(welcome: Welcome) -> pb.Welcome:
    """Encode the lease of a link and the run's settings."""
    return pb.Welcome(
        protocol_version=welcome.protocol_version,
        run_id=welcome.run_id,
        link=welcome.link,
        settings_json=welcome.settings_json,
        restore_sha256=welcome.restore_sha256 or "",
        resume_step=welcome.resume_step,
        model_number=welcome.model_number,
        model_version=welcome.model_version,
    )


def welcome_from_proto(message: pb.Welcome) -> Welcome:
    """Decode the lease of a link and the run's settings, which are not read here.

    Raises:
        ProtocolError: a text is too long.
    """
    return Welcome(
        protocol_version=message.protocol_version,
        run_id=bounded(message.run_id, "run_id"),
        link=message.link,
        settings_json=bounded(message.settings_json, "settings_json", MAX_SETTINGS_CHARACTERS),
        restore_sha256=message.restore_sha256 or None,
        resume_step=message.resume_step if message.HasField("resume_step") else None,
        model_number=message.model_number,
        model_version=bounded(message.model_version, "model_version"),
    )


def ready_to_proto(ready: Ready) -> pb.Ready:
    """Encode that a device is ready."""
    return pb.Ready(train_samples=ready.train_samples, test_samples=ready.test_samples, data_digest=ready.data_digest)


def ready_from_proto(message: pb.Ready) -> Ready:
    """Decode that a device is ready.

    Raises:
        ProtocolError: a text is too long.
    """
    return Ready(message.train_samples, message.test_samples, bounded(message.data_digest, "data_digest"))


def leaving_to_proto(leaving: Leaving) -> pb.Leaving:
    """Encode why a device leaves."""
    return pb.Leaving(reason=shortened_reason(leaving.reason))


def leaving_from_proto(message: pb.Leaving) -> Leaving:
    """Decode why a device leaves.

    Raises:
        ProtocolError: the reason is too long.
    """
    return Leaving(bounded(message.reason, "reason", MAX_REASON_CHARACTERS))


def finish_to_proto(_finish: Finish) -> pb.Finish:
    """Encode the end of a run."""
    return pb.Finish()


def finish_from_proto(_message: pb.Finish) -> Finish:
    """Decode the end of a run."""
    return Finish()


def agreed(contract: LinkContract | None) -> LinkContract:
    """The contract of a link, without which neither symbols nor answers can be read.

    Raises:
        ProtocolError: there is none yet.
    """
    if contract is None:
        raise ProtocolError("symbols came before the handshake was over")
    return contract
