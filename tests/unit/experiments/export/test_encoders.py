"""Encoders of a model folder: those of torch give the levels of a serving pass, and the graphs those of torch."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.errors import CheckpointError, DataError, ProtocolError
from splitwave.common.protocol.arrays import Bytes, Float32
from splitwave.common.protocol.blocks import LevelPayload
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.inference.encoder import LiveEncoder
from splitwave.device.inference.onnx_encoder import OnnxEncoder
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.device.learning.views import load_views
from splitwave.experiments.export.settings import settings_for
from splitwave.experiments.inprocess_run import InprocessRun
from tests.unit.experiments.export.conftest import Exported
from tests.unit.experiments.export.exported_runs import exported


def served_levels(run: InprocessRun, link: int, query: int) -> tuple[Float32, Bytes]:
    """The features of a query of a serving pass, and the levels that the device sent."""
    block = run.workers[link].pass_block(Phase.SERVE, 0, query, Symbols.HARD)
    assert isinstance(block.payload, LevelPayload)
    return split_seen_by(run, link)[block.sample_ids[0]], block.payload.indices


def split_seen_by(run: InprocessRun, link: int) -> Float32:
    """(N, features) of the test split, as one device sees it."""
    return load_views(run.config, [link], None).of(link).test


def levels(encoder: LiveEncoder, x: Float32) -> Bytes:
    payload = encoder.encode(x)
    assert isinstance(payload, LevelPayload)
    return payload.indices


def test_both_encoders_give_the_levels_of_a_serving_pass(plain: Exported) -> None:
    for link in range(2):
        torch_encoder = TorchEncoder.open(plain.model / f"device-{link}")
        onnx_encoder = OnnxEncoder.open(plain.model / f"device-{link}")
        for query in range(5):
            x, expected = served_levels(plain.run, link, query)
            np.testing.assert_array_equal(levels(torch_encoder, x), expected)
            assert np.count_nonzero(levels(onnx_encoder, x) != expected) <= 1  # a tie


def test_an_encoder_says_what_a_session_needs(plain: Exported) -> None:
    encoder = OnnxEncoder.open(plain.model / "device-1", int8=True)
    payload = encoder.encode(np.zeros(encoder.features, np.float32))
    assert isinstance(payload, LevelPayload)
    assert payload.indices.shape == (1, 6)
    assert payload.indices.dtype == np.dtype(np.uint8)
    assert payload.codebook is not None
    assert payload.codebook.tolist() == list(encoder.part.grid.levels)
    assert (encoder.version, encoder.contract.link, encoder.features) == (plain.report.version, 1, 392)
    assert encoder.serving_beta is None
    with pytest.raises(ProtocolError, match=r"β = 0\.1: the networks of model .* are not β-conditioned"):
        encoder.set_beta(0.1)
    with pytest.raises(DataError, match=r"a sample of shape \(3,\), float32: expected float32 of shape \(392,\)"):
        encoder.encode(np.zeros(3, np.float32))
    with pytest.raises(DataError, match="not finite"):
        encoder.encode(np.full(392, np.nan, np.float32))


def test_a_damaged_graph_is_refused_although_its_digest_fits(plain: Exported, tmp_path: Path) -> None:
    copy = copied(plain.model / "device-0", tmp_path / "part", b"no graph")
    with pytest.raises(CheckpointError, match=r"encoder\.onnx: ONNX Runtime cannot load it: "):
        OnnxEncoder.open(copy)
    decoder = (plain.model / "basestation" / "decoder.onnx").read_bytes()
    with pytest.raises(CheckpointError, match=r"encoder\.onnx: it does not fit its part: "):
        OnnxEncoder.open(copied(plain.model / "device-0", tmp_path / "other", decoder))


def test_conditions_are_folded_in_at_the_values_that_are_asked_for(hyper: Exported) -> None:
    assert not any(each.faults for each in hyper.report.proof.comparisons)
    encoder = OnnxEncoder.open(hyper.model / "device-0")
    assert encoder.serving_beta == 2e-3
    encoder.set_beta(2e-3)
    with pytest.raises(
        ProtocolError, match=r"β = 0\.01: .*encoder\.onnx has β = 0\.002 folded in; export the run with"
    ):
        encoder.set_beta(1e-2)
    with pytest.raises(ProtocolError, match=r"β = 0\.02: expected a number from 0\.0001 to 0\.01, the range"):
        encoder.set_beta(2e-2)


def test_an_encoder_of_torch_follows_beta_as_a_serving_pass_does(hyper: Exported) -> None:
    run = hyper.run
    run.retune(settings_for(run.config, 2e-3, 5.0))
    encoder, found = TorchEncoder.open(hyper.model / "device-1"), []
    for beta in (2e-3, 1e-4, 1e-2):
        run.workers[1].set_link(LinkSetting(beta=beta))
        encoder.set_beta(beta)
        x, expected = served_levels(run, 1, 3)
        found.append(levels(encoder, x))
        np.testing.assert_array_equal(found[-1], expected)
    assert encoder.serving_beta == 1e-2
    assert not np.array_equal(found[1], found[2])


def test_a_graph_with_conditions_as_inputs_follows_beta(hyper: Exported, tmp_path: Path) -> None:
    report = exported(hyper.checkpoint, tmp_path / "model", psnr_db=5.0, conditions_as_input=True)
    assert not any(each.faults for each in report.proof.comparisons)
    graph, network = (kind.open(tmp_path / "model" / "device-0") for kind in (OnnxEncoder, TorchEncoder))
    x = split_seen_by(hyper.run, 0)[7]
    for beta in (1e-4, 1e-2):
        graph.set_beta(beta)
        network.set_beta(beta)
        np.testing.assert_allclose(graph.mean(x), network.mean(x), atol=2e-6, rtol=0)
    graph.set_beta(1e-4)
    assert not np.allclose(graph.mean(x), network.mean(x), atol=1e-4)


def copied(part: Path, target: Path, graph: bytes) -> Path:
    """A copy of a part with another graph, whose digest its manifest has."""
    shutil.copytree(part, target)
    (target / "encoder.onnx").write_bytes(graph)
    tree = json.loads((target / "part.json").read_bytes())
    tree["files"]["encoder.onnx"] = hashlib.sha256(graph).hexdigest()
    (target / "part.json").write_text(json.dumps(tree), encoding="utf-8")
    return target
