"""The decoders of everything that comes over a connection."""

import copy
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from google.protobuf.message import Message

from splitwave.channel.emulator.port import EmulatedPort
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.symbols import LinkContract, SymbolReader
from splitwave.common.wire import (
    answers,
    blocks,
    channel_control,
    fields,
    handshake,
    passes,
    pb,
    predictions,
    reals,
    results,
    training,
)
from splitwave.common.wire import workload as workloads
from splitwave.common.wire.bundling import check_bundle
from splitwave.common.wire.downlink import downlink_from_proto
from splitwave.common.wire.parsing import Parser
from splitwave.common.wire.pb import uplink_pb2
from splitwave.common.wire.uplink import uplink_from_proto
from splitwave.device.application.local_socket.conversion import sample_from_proto
from splitwave.testbed.control_client import progress_from_proto
from tests.fuzz.target import Target
from tests.fuzz.valid_messages import (
    CONFIGS,
    CONTRACTS,
    application_messages,
    channel_messages,
    control_messages,
    downlink_bundles,
    uplink_bundles,
)

_LEVELS = CONTRACTS["levels"]

DECODERS: dict[str, tuple[Callable[[Any], object], ...]] = {
    "BlockKey": (fields.key_from_proto,),
    "Hello": (handshake.hello_from_proto,),
    "Ready": (handshake.ready_from_proto,),
    "Leaving": (handshake.leaving_from_proto,),
    "Welcome": (handshake.welcome_from_proto,),
    "Finish": (handshake.finish_from_proto,),
    "SymbolBlock": (lambda message: blocks.block_from_proto(message, _of_reals(message.reals)),),
    "RealSymbols": (lambda message: reals.reals_from_proto(message, 4, 5, _of_reals(message).wire_dtype),),
    "PassReport": (passes.pass_report_from_proto,),
    "EpochReport": (training.epoch_report_from_proto,),
    "PartSaved": (training.part_saved_from_proto,),
    "TrainStep": (training.train_step_from_proto,),
    "Gradient": (lambda message: training.gradient_from_proto(message, _of_reals(message.values)),),
    "SaveCheckpoint": (training.save_checkpoint_from_proto,),
    "Evaluate": (passes.evaluate_from_proto,),
    "SetLink": (passes.set_link_from_proto,),
    "Prediction": (
        lambda message: predictions.prediction_from_proto(message, _answering(message)),
        lambda message: answers.answers_from_proto(message, _answering(message)),
    ),
    "Workload": (workloads.workload_from_proto,),
    "UplinkMessage": (lambda message: uplink_from_proto(message, _of_reals(message.block.reals)),),
    "DownlinkMessage": (lambda message: downlink_from_proto(message, _of_reals(message.gradient.values)),),
    "MeasuredLink": (workloads.link_stamps_from_proto,),
    "EpochRecord": (results.epoch_from_proto,),
    "Evaluation": (results.evaluation_from_proto,),
    "RunResult": (results.result_from_proto,),
    "RunStatus": (progress_from_proto,),
    "Change": (channel_control.change_from_proto,),
    "PlanChunk": (channel_control.plan_from_proto,),
    "ChannelState": (channel_control.report_from_proto,),
    "InferRequest": (sample_from_proto,),
}
"""By type of message; every other type is only parsed, or decoded as a part of one of these."""


@lru_cache
def message_types() -> dict[str, type[Message]]:
    """Every message of every service, by name; by full name if a message of the uplink has that name, too."""
    names = [name for _, name, _ in pkgutil.iter_modules(pb.__path__) if name.endswith("_pb2")]
    found: dict[str, type[Message]] = {}
    for module in (uplink_pb2, *(importlib.import_module(f"{pb.__name__}.{name}") for name in names)):
        for name, descriptor in module.DESCRIPTOR.message_types_by_name.items():
            kind = getattr(module, name)
            if found.setdefault(name, kind) is not kind:
                found[descriptor.full_name] = kind
    return found


def _name_of(kind: type[Message]) -> str:
    """The name of a type in `message_types`."""
    name = kind.DESCRIPTOR.name
    return name if message_types()[name] is kind else kind.DESCRIPTOR.full_name


def _answering(message: uplink_pb2.Prediction) -> LinkContract:
    """The contract of a task with such answers."""
    return CONTRACTS["times"] if message.WhichOneof("answers") == "times_ns" else _LEVELS


def _of_reals(message: uplink_pb2.RealSymbols) -> LinkContract:
    """The contract of a link with such real symbols, or level indices."""
    return CONTRACTS["bfloat16"] if message.dtype == uplink_pb2.DTYPE_BFLOAT16 else _LEVELS


def wire_targets() -> Iterator[Target]:
    """Whole bundles as the parties read them, then each type of message by itself."""
    for kind, contract in CONTRACTS.items():
        yield Target(f"uplink-{kind}", partial(_read_uplink, contract), uplink_bundles(kind), uplink_pb2.UplinkBundle)
        downlink = partial(_read_downlink, contract)
        yield Target(f"downlink-{kind}", downlink, downlink_bundles(kind), uplink_pb2.DownlinkBundle)
        up, down = partial(_pass_up, CONFIGS[kind]), partial(_pass_down, CONFIGS[kind])
        yield Target(f"emulator-up-{kind}", up, uplink_bundles(kind), uplink_pb2.UplinkBundle)
        yield Target(f"emulator-down-{kind}", down, downlink_bundles(kind), uplink_pb2.DownlinkBundle)
    seeds = _seeds()
    for name, kind_of_message in message_types().items():
        yield Target(f"message-{name}", partial(_decode, kind_of_message), sorted(seeds[name]), kind_of_message)


def _parsed(kind: type[Message], data: bytes) -> Any:
    return Parser(kind.FromString, kind.DESCRIPTOR.full_name, "the caller").parse(data)


def _decode(kind: type[Message], data: bytes) -> list[object]:
    message = _parsed(kind, data)
    return [decode(message) for decode in DECODERS.get(_name_of(kind), ())]


def _read_uplink(contract: LinkContract, data: bytes) -> list[object]:
    """As a base station does, whose handshake is over."""
    bundle = _parsed(uplink_pb2.UplinkBundle, data)
    check_bundle(bundle)
    bodies = [uplink_from_proto(message, contract) for message in bundle.messages]
    return [SymbolReader(contract).read(body) if isinstance(body, SymbolBlock) else body for body in bodies]


def _read_downlink(contract: LinkContract, data: bytes) -> list[object]:
    bundle = _parsed(uplink_pb2.DownlinkBundle, data)
    check_bundle(bundle)
    return [downlink_from_proto(message, contract) for message in bundle.messages]


@lru_cache
def _welcomed(settings_json: str) -> EmulatedPort:
    port = EmulatedPort()
    port.pass_down(uplink_pb2.DownlinkMessage(welcome=uplink_pb2.Welcome(link=1, settings_json=settings_json)))
    return port


def _port(config: RunConfig) -> EmulatedPort:
    """A port after its first Welcome, which alone takes ten times as long as anything else here."""
    return copy.deepcopy(_welcomed(config.canonical_json()))


def _pass_up(config: RunConfig, data: bytes) -> None:
    bundle, port = _parsed(uplink_pb2.UplinkBundle, data), _port(config)
    check_bundle(bundle)
    for message in bundle.messages:
        port.bytes_behind(message)
        port.pass_up(message)


def _pass_down(config: RunConfig, data: bytes) -> None:
    bundle, port = _parsed(uplink_pb2.DownlinkBundle, data), _port(config)
    check_bundle(bundle)
    for message in bundle.messages:
        port.pass_down(message)


def _seeds() -> dict[str, set[bytes]]:
    """By type, the messages of that type within valid ones, and an empty one."""
    found: dict[str, set[bytes]] = {name: {b""} for name in message_types()}
    for kind in CONTRACTS:
        for data in uplink_bundles(kind):
            _collect(uplink_pb2.UplinkBundle.FromString(data), found)
        for data in downlink_bundles(kind):
            _collect(uplink_pb2.DownlinkBundle.FromString(data), found)
    for message in (*control_messages(), *channel_messages(), *application_messages()):
        _collect(message, found)
    return found


def _collect(message: Message, found: dict[str, set[bytes]]) -> None:
    found[_name_of(type(message))].add(message.SerializeToString())
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                _collect(inner, found)
