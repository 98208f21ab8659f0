"""Every decoder answers mutated bytes with a value or with an error of its own; the kept inputs are replayed."""

import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from splitwave.common.errors import ProtocolError
from splitwave.common.wire.field_count import MAX_FIELDS
from splitwave.common.wire.parsing import Parser
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.fuzz.file_targets import file_targets
from tests.fuzz.record_targets import record_targets
from tests.fuzz.runner import CORPUS, Findings, corpus_of, decode, run_target
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import message_types, wire_targets

INPUTS = 60
LARGEST_PEAK_BYTES = 32 << 20
UNUSED = Path("unused")
NAMES = [target.name for target in (*wire_targets(), *file_targets(UNUSED), *record_targets(UNUSED))]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """An emulator logs each Welcome."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    folder = tmp_path_factory.mktemp("inputs")
    return {target.name: target for target in (*wire_targets(), *file_targets(folder), *record_targets(folder))}


@pytest.mark.parametrize("name", NAMES)
def test_mutated_bytes_give_a_value_or_an_error_of_ours(targets: dict[str, Target], name: str) -> None:
    findings = run_target(targets[name], INPUTS, seed=1)
    assert findings.crashes == {}
    assert set(findings.outcomes) != {"decoded"}, "the mutations are harmless"


@pytest.mark.parametrize("name", [name for name in NAMES if corpus_of(name)])
def test_the_kept_inputs_give_a_value_or_an_error_of_ours_in_little_memory(
    targets: dict[str, Target], name: str
) -> None:
    findings = Findings()
    for data in targets[name].seeds:
        decode(targets[name], data, findings)  # imports, caches
    tracemalloc.start()
    try:
        for data in corpus_of(name):
            decode(targets[name], data, findings)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert findings.crashes == {}
    assert peak_bytes < LARGEST_PEAK_BYTES


def test_every_folder_of_kept_inputs_belongs_to_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mnist5k"])  # whose digest only one file has
def test_a_target_decodes_its_seeds(targets: dict[str, Target], name: str) -> None:
    findings = Findings()
    for data in targets[name].seeds:
        decode(targets[name], data, findings)
    decoded = findings.outcomes["decoded"]
    assert decoded >= 1
    assert name.startswith(("message-", "manifest", "image", "settings")) or decoded >= len(targets[name].seeds) - 1


def test_equal_seeds_give_equal_inputs(targets: dict[str, Target]) -> None:
    found = [run_target(targets["uplink-levels"], 200, seed=5).outcomes for _ in range(2)]
    assert found[0] == found[1]


def test_every_type_of_message_is_a_target() -> None:
    assert {f"message-{name}" for name in message_types()} <= set(NAMES)


def test_a_message_of_very_many_fields_is_refused_before_it_takes_memory() -> None:
    parser = Parser(pb.UplinkBundle.FromString, pb.UplinkBundle.DESCRIPTOR.full_name, "the caller")
    empty_messages, empty_hops = b"\x0a\x00" * (1 << 20), b"\x2a\x00" * (1 << 20)
    report = b"\x22" + _varint(len(empty_hops)) + empty_hops
    for data in (empty_messages, b"\x0a" + _varint(len(report)) + report):
        with pytest.raises(
            ProtocolError, match=f"the caller sent a splitwave.*Bundle of more than {MAX_FIELDS} fields"
        ):
            parser.parse(data)


def test_a_large_block_is_parsed() -> None:
    bundle = pb.UplinkBundle(messages=[pb.UplinkMessage(port=3)])
    bundle.messages[0].block.reals.data = bytes(2 << 20)
    parser = Parser(pb.UplinkBundle.FromString, pb.UplinkBundle.DESCRIPTOR.full_name, "the caller")
    assert parser.parse(bundle.SerializeToString()) == bundle


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])
