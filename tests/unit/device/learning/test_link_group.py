"""Blocks that a process encodes for several links together are those of the links one by one, bit for bit."""

import numpy as np
import pytest
import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.encoding import stacked_network
from splitwave.device.encoding.stacked_network import StackedNetwork, stackable
from splitwave.device.learning.link_group import LinkGroup
from splitwave.device.learning.views import StackedViews
from splitwave.device.learning.worker import DeviceWorker
from splitwave.device.quantization.quantizer import level_indices

TRAIN, TEST = 40, 30


def settings(links: int, **sections: object) -> RunConfig:
    return RunConfig.model_validate(
        {"links": links, "data": {"validation": 9}, "training": {"batch_size": 8, "epochs": 2}, **sections}
    )


class Pair:
    """A group, and the same workers by themselves."""

    def __init__(self, config: RunConfig) -> None:
        rng = np.random.default_rng(5)
        features = int(np.prod(config.view_shape))
        train, test = (rng.random((config.links, count, features), dtype=np.float32) for count in (TRAIN, TEST))
        self.config = config
        self.views = StackedViews(tuple(range(config.links)), train, test, "digest")
        self.grouped, self.alone = ([self.worker(link) for link in range(config.links)] for _ in range(2))
        self.group = LinkGroup(self.grouped, self.views)

    def worker(self, link: int) -> DeviceWorker:
        return DeviceWorker(self.config, link, self.views.of(link))

    def train(self, step: int) -> None:
        for worker in (*self.grouped, *self.alone):
            block = worker.train_block(step, 0)
            gradient = np.full((1, len(block.sample_ids), self.config.encoder.dimension), 0.01, dtype=np.float32)
            worker.apply_gradient(BlockKey(Phase.TRAIN, step, 0), gradient)
            worker.finish_step()

    def check(self, phase: Phase, number: int, symbols: Symbols, members: list[int] | None = None) -> None:
        chosen = list(range(self.config.links)) if members is None else members
        together = self.group.pass_blocks(chosen, BlockKey(phase, 0, number), symbols)
        alone = [self.alone[link].pass_block(phase, 0, number, symbols) for link in chosen]
        assert len(together) == len(alone)
        for ours, theirs in zip(together, alone, strict=True):
            assert_same(ours, theirs)


def assert_same(ours: SymbolBlock, theirs: SymbolBlock) -> None:
    assert (ours.link, ours.sequence, ours.key) == (theirs.link, theirs.sequence, theirs.key)
    assert ours.beta == theirs.beta
    assert ours.sample_ids.tolist() == theirs.sample_ids.tolist()
    match ours.payload, theirs.payload:
        case LevelPayload(indices, version, codebook), LevelPayload(their_indices, their_version, their_codebook):
            assert indices.dtype == their_indices.dtype
            assert np.array_equal(indices, their_indices)
            assert version == their_version
            assert (codebook is None) == (their_codebook is None)
            assert codebook is None or codebook.tobytes() == their_codebook.tobytes()  # type: ignore[union-attr]
        case RealPayload(values), RealPayload(their_values):
            assert values.shape == their_values.shape
            assert values.tobytes() == their_values.tobytes()
        case kinds:
            pytest.fail(f"payloads of two kinds: {kinds}")


@pytest.mark.parametrize("backbone", ["linear", "tanh", "mlp", "vib", "tones", "conv"])
@pytest.mark.parametrize("breakpoints", [0, 1, 15])
def test_blocks_of_a_group_are_those_of_its_workers(backbone: str, breakpoints: int) -> None:
    width = {"width": 0.125} if backbone == "conv" else {}
    pair = Pair(
        settings(
            4,
            encoder={"backbone": backbone, "dimension": 6, **width},
            quantizer={"breakpoints": breakpoints},
            inference={"block_size": 7, "latency_samples": 40},
        )
    )

    for symbols in (Symbols.HARD, Symbols.SOFT):
        for phase, number in ((Phase.VALIDATION, 0), (Phase.VALIDATION, 1), (Phase.TEST, 4), (Phase.SERVE, 35)):
            pair.check(phase, number, symbols)


@pytest.mark.parametrize("links", [1, 2, 3, 28, 64])
@pytest.mark.parametrize("block_size", [1, 7, 30])
def test_for_any_number_of_links_and_samples(links: int, block_size: int) -> None:
    pair = Pair(settings(links, encoder={"dimension": 13}, inference={"block_size": block_size}))

    for symbols in (Symbols.HARD, Symbols.SOFT):
        pair.check(Phase.TEST, 0, symbols)
        pair.check(Phase.SERVE, 1, symbols)


@pytest.mark.parametrize("backbone", ["linear", "mlp"])
def test_a_training_step_is_seen_by_the_next_pass(backbone: str) -> None:
    pair = Pair(settings(3, encoder={"backbone": backbone, "dimension": 8}))
    pair.check(Phase.TEST, 0, Symbols.HARD)

    for step in range(2):
        pair.train(step)
        for symbols in (Symbols.HARD, Symbols.SOFT):
            pair.check(Phase.VALIDATION, 0, symbols)


def test_breakpoints_that_are_loaded_are_seen_by_the_next_pass() -> None:
    pair = Pair(settings(2, encoder={"dimension": 8}))
    pair.check(Phase.SERVE, 0, Symbols.HARD)

    for worker in pair.alone:
        codebook = worker.model.codebook
        assert codebook is not None
        state = worker.model.state_dict()
        worker.model.load_state_dict(state | {"codebook.first": codebook.first + 0.5})
        features = worker.features(BlockKey(Phase.SERVE, 0, 0))
        payload = worker.quantize(features, Symbols.HARD).payload
        assert isinstance(payload, LevelPayload)
        expected = level_indices(features.mean, codebook.breakpoints())
        np.testing.assert_array_equal(payload.indices, expected.numpy())


def test_weights_that_are_loaded_are_seen_by_the_next_pass() -> None:
    pair, other = (Pair(settings(2, encoder={"dimension": 8}, seed=seed)) for seed in (1, 2))
    pair.check(Phase.TEST, 0, Symbols.SOFT)
    before = pair.group.pass_blocks([0, 1], BlockKey(Phase.TEST, 0, 0), Symbols.SOFT)

    for worker, loaded in zip(pair.grouped, other.grouped, strict=True):
        worker.model.load_state_dict(loaded.model.state_dict())
    after = pair.group.pass_blocks([0, 1], BlockKey(Phase.TEST, 0, 0), Symbols.SOFT)

    expected = other.group.pass_blocks([0, 1], BlockKey(Phase.TEST, 0, 0), Symbols.SOFT)
    for block, theirs, old in zip(after, expected, before, strict=True):
        assert isinstance(block.payload, RealPayload)
        assert isinstance(theirs.payload, RealPayload)
        assert isinstance(old.payload, RealPayload)
        assert block.payload.values.tobytes() == theirs.payload.values.tobytes() != old.payload.values.tobytes()


def test_some_of_the_links_go_together_and_others_later() -> None:
    pair = Pair(settings(5, encoder={"dimension": 8}))

    for members in ([1, 3], [0, 2, 4], [3], [1, 0], [0, 1, 2, 3, 4]):
        pair.check(Phase.TEST, 0, Symbols.HARD, members)


def test_workers_that_are_a_step_apart_go_one_by_one() -> None:
    pair = Pair(settings(2, encoder={"dimension": 8}))
    for worker in (pair.grouped[1], pair.alone[1]):
        worker.train_block(0, 0)
        worker.apply_gradient(BlockKey(Phase.TRAIN, 0, 0), np.ones((1, 8, 8), dtype=np.float32))
        worker.finish_step()

    pair.check(Phase.TEST, 0, Symbols.HARD)


def test_beta_conditioned_networks_serve_each_under_its_own_beta() -> None:
    pair = Pair(settings(3, encoder={"dimension": 8}, hypernetwork={"beta": [1e-3, 1.0]}, objective={"beta": 0.1}))
    for worker in (pair.grouped[1], pair.alone[1]):
        worker.set_link(LinkSetting(beta=0.5))

    pair.check(Phase.SERVE, 0, Symbols.HARD)
    assert [block.beta for block in pair.group.pass_blocks([0, 1], BlockKey(Phase.SERVE, 0, 1), Symbols.HARD)] == [
        0.1,
        0.5,
    ]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("links", [2, 8])
@pytest.mark.parametrize(("inputs", "outputs"), [(28, 6), (28, 28), (112, 57), (392, 28), (784, 64), (64, 6)])
def test_a_stacked_layer_gives_the_bits_of_each_layer(threads: int, links: int, inputs: int, outputs: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        torch.manual_seed(0)
        layers = [[torch.nn.Linear(inputs, outputs), torch.nn.ReLU()] for _ in range(links)]
        stacked = StackedNetwork(layers)
        for samples in (1, 7, 64, 256):
            x = torch.randn(links, samples, inputs)
            with torch.no_grad():
                expected = [activation(linear(part)) for (linear, activation), part in zip(layers, x, strict=True)]
            assert torch.equal(stacked(x), torch.stack(expected))
    finally:
        torch.set_num_threads(before)


def test_products_that_round_otherwise_in_a_batch_go_link_by_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "baddbmm", lambda *_: torch.zeros(()))
    stacked_network._same_bits.cache_clear()
    try:
        layers = [[torch.nn.Linear(5, 3)] for _ in range(2)]
        x = torch.ones(2, 4, 5)
        with torch.no_grad():
            expected = [linear(part) for (linear,), part in zip(layers, x, strict=True)]
        assert torch.equal(StackedNetwork(layers)(x), torch.stack(expected))
    finally:
        stacked_network._same_bits.cache_clear()


def test_layers_of_other_kinds_are_not_stacked() -> None:
    assert stackable([torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Tanh()])
    assert not stackable([torch.nn.Linear(2, 2), torch.nn.Conv2d(1, 1, 3)])
