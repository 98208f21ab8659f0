"""Valid messages of every kind, from which mutations start, and the contracts that they fit."""

from collections.abc import Sequence

import numpy as np
from google.protobuf.message import Message

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.channel_changes import ChannelChange, ChannelReport, LinkReport, PlannedValues
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.common.protocol.live_messages import ModelChunk, ModelReady, Outcome, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Evaluate,
    Finish,
    Gradient,
    Hello,
    Leaving,
    PartSaved,
    Prediction,
    Ready,
    SaveCheckpoint,
    SetLink,
    TrainStep,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.reports import EpochReport, PassReport, SymbolEntropy, UplinkCost
from splitwave.common.protocol.timing import ChannelStamps, Hop, Stamps
from splitwave.common.protocol.workload import STAMPS, LinkStamps, Overflow, Workload
from splitwave.common.records.results import EpochRecord, Evaluation, LinkUse, RunResult, ServedAtBeta, ServedQueries
from splitwave.common.tasks.task import Answers
from splitwave.common.wire.channel_control import change_to_proto, plan_to_proto, report_to_proto
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import control_pb2, device_app_pb2, uplink_pb2
from splitwave.common.wire.results import epoch_to_proto, evaluation_to_proto, result_to_proto
from splitwave.common.wire.uplink import uplink_to_proto
from splitwave.common.wire.workload import link_stamps_to_proto, workload_to_proto

_SETTINGS: dict[str, dict[str, object]] = {
    "levels": {"quantizer": {"breakpoints": 6, "forward": "straight-through"}},
    "reals": {"quantizer": {"breakpoints": 0}},
    "bfloat16": {"quantizer": {"breakpoints": 0}, "runtime": {"wire_dtype": "bfloat16"}},
    "conditioned": {"quantizer": {"breakpoints": 6}, "hypernetwork": {"beta": [1e-5, 1.0]}},
    "times": {"data": {"name": "wifi-csi"}},
}
CONFIGS = {
    name: RunConfig.model_validate({"links": 2, "encoder": {"dimension": 5}, "objective": {"draws": 3}, **settings})
    for name, settings in _SETTINGS.items()
}
CONTRACTS = {name: link_contract(config, 1) for name, config in CONFIGS.items()}
WORKLOAD = Workload(queries=9, samples=3, window=2, rate_per_s=0.5, seed=7, overflow=Overflow.DROP_OLDEST)
_DIGEST = "0123456789abcdef" * 4
_SAMPLES = 4


def uplink_bundles(kind: str) -> list[bytes]:
    """One bundle with each message that a device sends, and one with them all."""
    messages = [uplink_to_proto(body, CONTRACTS[kind]) for body in _uplinks(kind)]
    bundles = [uplink_pb2.UplinkBundle(messages=[message]) for message in messages]
    return [bundle.SerializeToString() for bundle in (*bundles, uplink_pb2.UplinkBundle(messages=messages))]


def downlink_bundles(kind: str) -> list[bytes]:
    """One bundle with each message that a base station sends, and one with them all."""
    messages = [downlink_to_proto(body) for body in _downlinks(kind)]
    bundles = [uplink_pb2.DownlinkBundle(messages=[message]) for message in messages]
    return [bundle.SerializeToString() for bundle in (*bundles, uplink_pb2.DownlinkBundle(messages=messages))]


def control_messages() -> Sequence[Message]:
    """The messages of the control service that carry more than a number."""
    record = EpochRecord(2, 30, 0.5, (0.1, 0.2), 0.3, 0.4, 1000.0, 1.5)
    served = (ServedAtBeta((1e-3, 1e-4), ServedQueries(9, 8, 0.1), 2.5),)
    times = np.arange(6, dtype=np.int64).reshape(3, 2)
    costs = (UplinkCost(9, 99, 199),) * 2
    queries = ServedQueries(9, 8, 0.1, (LinkUse(9, 8, 64, 32),))
    result = RunResult(60, 1e3, 0.1, 0.2, costs, ("encode", "fuse"), times, _DIGEST, queries, served)
    links = [control_pb2.LinkStatus(link=0, device_id="a", peer="ipv4:1", ready=True, blocks=3, beta=0.1)]
    status = control_pb2.RunStatus(
        run_id="run", stage=control_pb2.STAGE_TRAINING, epoch=1, epochs=2, step=3, steps=4, links=links, restarts=1
    )
    stamps = LinkStamps(1, STAMPS, np.zeros((2, len(STAMPS)), dtype=np.int64))
    return [
        status,
        control_pb2.RunEvent(status=status),
        control_pb2.RunEvent(epoch=epoch_to_proto(record)),
        control_pb2.RunEvent(evaluation=evaluation_to_proto(Evaluation(0.1, 0.2))),
        control_pb2.RunEvent(result=result_to_proto(result)),
        control_pb2.MeasuredLink.FromString(link_stamps_to_proto(stamps).SerializeToString()),
        control_pb2.MeasureRequest(workload=workload_to_proto(WORKLOAD)),
        control_pb2.SetBetaRequest(link=1, beta=0.5),
        control_pb2.SetBetaReply(betas=[0.5, 0.25]),
    ]


def channel_messages() -> Sequence[Message]:
    """The messages of the emulator's control service."""
    values = ChannelValues(psnr_db=3.0, gain_db=-2.5, delay_ms=4.0)
    links = (LinkReport(1, LiveChannel(3, values), planned=2, connected=True),)
    return [
        change_to_proto(ChannelChange(1, values, frozenset({"jitter_ms"}))),
        change_to_proto(ChannelChange(None, values, frozenset())),
        plan_to_proto([PlannedValues(0, 7, values), PlannedValues(1, 9, ChannelValues(psnr_db=0.0))]),
        report_to_proto(ChannelReport(3, links)),
    ]


def application_messages() -> Sequence[Message]:
    """The requests of programs on a device's socket."""
    pixels = np.arange(6, dtype=np.uint8)
    return [
        device_app_pb2.InferRequest(uint8=pixels.tobytes(), stream=1, sequence=2),
        device_app_pb2.InferRequest(float32=pixels.astype("<f4").tobytes(), captured_ns=1 << 60),
    ]


def _uplinks(kind: str) -> list[Uplink]:
    entropies = (SymbolEntropy(0.5, 9, 2.0), SymbolEntropy(0.25, 9, None))
    times = np.arange(6, dtype=np.int64).reshape(3, 2)
    report = PassReport(Phase.SERVE, Symbols.HARD, UplinkCost(9, 99, 199), ("encode", "send"), times, entropies)
    return [
        Hello(PROTOCOL_VERSION, "device-1", "0.1", 1, 4096),
        Ready(70, 24, _DIGEST),
        EpochReport(3, 0.5),
        report,
        PartSaved(60, _DIGEST),
        Leaving("the disk is full"),
        Hello(PROTOCOL_VERSION, "camera", "0.1", None, 4096, "0123456789ab"),
        ModelReady(2),
        *_blocks(kind),
    ]


def _blocks(kind: str) -> list[SymbolBlock]:
    contract = CONTRACTS[kind]
    beta = 0.5 if contract.carries_beta else None
    scattered = np.array([5, 2, 9, 0])
    payload: LevelPayload | RealPayload = RealPayload.rounded(_reals(1), contract.wire_dtype)
    if contract.breakpoints:
        levels = np.linspace(-1, 1, contract.breakpoints + 1, dtype=np.float32)
        indices = np.arange(_SAMPLES * contract.dimension, dtype=np.uint8).reshape(_SAMPLES, -1) % 7
        payload = LevelPayload(indices, 0, levels)
    train = RealPayload.rounded(_reals(1), contract.wire_dtype) if not contract.hard_training else payload
    return [
        SymbolBlock(1, 0, BlockKey(Phase.TRAIN, 3, 1), np.arange(_SAMPLES), train, None),
        SymbolBlock(1, 0, BlockKey(Phase.TEST, 0, 0), scattered, payload, None),
        SymbolBlock(1, 0, BlockKey(Phase.SERVE, 0, 7), np.arange(_SAMPLES), payload, beta),
        SymbolBlock(1, 0, QueryName(2, 2**40).key, np.arange(_SAMPLES), payload, beta, model=2),
    ]


def _downlinks(kind: str) -> list[Downlink]:
    contract = CONTRACTS[kind]
    classes = contract.task.answer_dtype is np.uint8
    answers: Answers = np.array([1, 2, 3, 0], dtype=np.uint8) if classes else _reals(1)[0, :, 0]
    stamps = Stamps(1, 2, 3, 4, ChannelStamps(1, 2, 3, 4))
    return [
        Welcome(PROTOCOL_VERSION, "run", 1, CONFIGS[kind].canonical_json(), _DIGEST),
        TrainStep(3),
        Gradient.rounded(BlockKey(Phase.TRAIN, 3, 1), _reals(3), contract.wire_dtype),
        Evaluate(Phase.TEST, 0, Symbols.SOFT),
        Evaluate(Phase.LOAD, 0, Symbols.HARD, WORKLOAD),
        Prediction(BlockKey(Phase.SERVE, 0, 7), answers, (Hop("fuse", 5), Hop("decode", 6)), None),
        Prediction(BlockKey(Phase.LOAD, 0, 7), answers, (), stamps),
        SaveCheckpoint(60),
        QueryAnswer(
            QueryName(2, 7).key, Outcome.ANSWERED, stamps, answers[:1], (0, 1), None, (0.5, 0.5), (9.0, 9.0), 2
        ),
        QueryAnswer(QueryName(2, 8).key, Outcome.TOO_FEW_LINKS, stamps),
        ModelChunk(2, "0123456789ab", "part.json", 2, b"{}", last=True),
        UseModel(2),
        Reencode(QueryName(2, 7).key, 2),
        SetLink(LinkSetting(beta=0.25)),
        SetLink(LinkSetting(bits=2, modulation="16-qam")),
        SetLink(LinkSetting(sends=False)),
        Finish(),
    ]


def _reals(draws: int) -> Float32:
    dimension = next(iter(CONTRACTS.values())).dimension
    values = np.linspace(-1, 1, draws * _SAMPLES * dimension, dtype=np.float32)
    return values.reshape(draws, _SAMPLES, dimension)
