"""The reports of a run (`splitwave.common.records.results`), which a base station sends to its watchers."""

from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.records.results import (
    EpochRecord,
    Evaluation,
    LinkUse,
    RunResult,
    ServedAtBeta,
    ServedByChannel,
    ServedByLinks,
    ServedQueries,
)
from splitwave.common.wire.hop_times import hop_times_from_bytes, hop_times_to_bytes
from splitwave.common.wire.live_channel import live_channel_from_proto, live_channel_to_proto
from splitwave.common.wire.pb import control_pb2 as pb


def epoch_to_proto(record: EpochRecord) -> pb.EpochRecord:
    """Encode one epoch's record."""
    return pb.EpochRecord(
        epoch=record.epoch,
        step=record.step,
        distortion=record.distortion,
        rate_nats=record.rate_nats,
        training_error=record.training_error,
        validation_error=record.validation_error,
        samples_per_s=record.samples_per_s,
        seconds=record.seconds,
    )


def epoch_from_proto(message: pb.EpochRecord) -> EpochRecord:
    """Decode one epoch's record."""
    return EpochRecord(
        epoch=message.epoch,
        step=message.step,
        distortion=message.distortion,
        rate_nats=tuple(message.rate_nats),
        training_error=message.training_error,
        validation_error=message.validation_error if message.HasField("validation_error") else None,
        samples_per_s=message.samples_per_s,
        seconds=message.seconds,
    )


def evaluation_to_proto(evaluation: Evaluation) -> pb.Evaluation:
    """Encode the test passes' errors."""
    return pb.Evaluation(error=evaluation.error, error_soft=evaluation.error_soft)


def evaluation_from_proto(message: pb.Evaluation) -> Evaluation:
    """Decode the test passes' errors."""
    return Evaluation(message.error, message.error_soft)


def result_to_proto(result: RunResult) -> pb.RunResult:
    """Encode the result of a run."""
    return pb.RunResult(
        steps=result.steps,
        samples_per_s=result.samples_per_s,
        error=result.error,
        error_soft=result.error_soft,
        costs=[_cost_to_proto(cost) for cost in result.costs],
        hops=result.hops,
        hop_times_ns=hop_times_to_bytes(result.hop_times_ns),
        weights_sha256=result.weights_sha256,
        queries=_queries_to_proto(result.queries),
        served=[_served_to_proto(each) for each in result.served],
        by_links=[by_links_to_proto(each) for each in result.by_links],
        by_channel=[_by_channel_to_proto(each) for each in result.by_channel],
    )


def result_from_proto(message: pb.RunResult) -> RunResult:
    """Decode the result of a run.

    Raises:
        ProtocolError: the hop times are not whole rows of int64, or a value of a channel is out of its range.
    """
    return RunResult(
        steps=message.steps,
        samples_per_s=message.samples_per_s,
        error=message.error,
        error_soft=message.error_soft,
        costs=tuple(_cost_from_proto(cost) for cost in message.costs),
        hops=tuple(message.hops),
        hop_times_ns=hop_times_from_bytes(message.hop_times_ns, len(message.hops)),
        weights_sha256=message.weights_sha256,
        queries=_queries_from_proto(message.queries),
        served=tuple(_served_from_proto(each) for each in message.served),
        by_links=tuple(ServedByLinks(tuple(each.links), _queries_from_proto(each.totals)) for each in message.by_links),
        by_channel=tuple(_by_channel_from_proto(each) for each in message.by_channel),
    )


def by_links_to_proto(served: ServedByLinks) -> pb.ServedByLinks:
    """Encode the queries whose answers were computed from the same links."""
    return pb.ServedByLinks(links=served.links, totals=_queries_to_proto(served.totals))


def _cost_to_proto(cost: UplinkCost) -> pb.UplinkCost:
    return pb.UplinkCost(samples=cost.samples, packed_bytes=cost.packed_bytes, message_bytes=cost.message_bytes)


def _cost_from_proto(message: pb.UplinkCost) -> UplinkCost:
    return UplinkCost(message.samples, message.packed_bytes, message.message_bytes)


def _queries_to_proto(queries: ServedQueries) -> pb.ServedQueries:
    return pb.ServedQueries(
        queries=queries.queries,
        distinct_samples=queries.distinct_samples,
        error=queries.error,
        uses=[
            pb.LinkUse(queries=use.queries, sent=use.sent, bits=use.bits, symbols=use.symbols) for use in queries.uses
        ],
    )


def _queries_from_proto(message: pb.ServedQueries) -> ServedQueries:
    uses = (LinkUse(use.queries, use.sent, use.bits, use.symbols) for use in message.uses)
    return ServedQueries(message.queries, message.distinct_samples, message.error, tuple(uses))


def _served_to_proto(served: ServedAtBeta) -> pb.ServedAtBeta:
    return pb.ServedAtBeta(
        betas=served.betas,
        totals=_queries_to_proto(served.totals),
        symbol_entropy_bits=served.symbol_entropy_bits,
    )


def _served_from_proto(message: pb.ServedAtBeta) -> ServedAtBeta:
    bits = message.symbol_entropy_bits if message.HasField("symbol_entropy_bits") else None
    return ServedAtBeta(tuple(message.betas), _queries_from_proto(message.totals), bits)


def _by_channel_to_proto(served: ServedByChannel) -> pb.ServedByChannel:
    channels = [live_channel_to_proto(channel) for channel in served.channels]
    return pb.ServedByChannel(channels=channels, totals=_queries_to_proto(served.totals))


def _by_channel_from_proto(message: pb.ServedByChannel) -> ServedByChannel:
    channels = tuple(live_channel_from_proto(channel) for channel in message.channels)
    return ServedByChannel(channels, _queries_from_proto(message.totals))
