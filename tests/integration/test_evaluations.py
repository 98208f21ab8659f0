"""Evaluations of a trained model: the command, the Python interface and a testbed over gRPC give equal numbers."""

import asyncio
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import splitwave as sw
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.common.data.catalog import load_images, load_labels
from splitwave.common.data.dataset import Images, Targets
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.evaluation.conditions import Condition
from splitwave.experiments.evaluation.evaluation import Request
from splitwave.experiments.evaluation.in_process import evaluate_run
from splitwave.experiments.inprocess_checkpoints import save_checkpoint
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import run_distributed, tiny_data
from tests.unit.testbed.commands.command_line import splitwave

PSNR_DB = (-5.0, 0.0, 10.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> sw.TrainingResult:
    settings = {"encoder": {"dimension": 6}, "training": {"epochs": 1}, "inference": {"latency_samples": 2}}
    return sw.train(settings, results=tmp_path_factory.mktemp("results"))


Digits = tuple[Images, Targets]


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_images("mnist5k", "test", None), load_labels("mnist5k", "test", None)


@pytest.mark.parametrize(("links", "breakpoints"), [(2, 6), (3, 15), (2, 0)])
def test_a_testbed_over_grpc_measures_the_errors_of_one_process(links: int, breakpoints: int, tmp_path: Path) -> None:
    config, data = config_of(links, 1, 1, "soft", breakpoints), tiny_data(links)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    list(run.train(lambda _: None))
    tmp_path.joinpath("ckpt").mkdir()
    save_checkpoint(run, tmp_path / "ckpt")
    request = Request(psnr_db=(-10.0, 5.0), noise_seeds=2)

    result = evaluate_run(run, request)

    conditions = [Condition(psnr_db=psnr_db, noise_number=number) for psnr_db in (-10.0, 5.0) for number in (0, 1)]
    conditions += [Condition(links_down=point.links_down) for point in result.ablation.values()]
    measured = [
        asyncio.run(run_distributed(each.settings(config), data, tmp_path / "ckpt", restore=True)).error
        for each in conditions
    ]
    errors = [error for point in result.points for error in point.errors]
    assert measured == [*errors, *(point.errors[0] for point in result.ablation.values())]
    assert len(set(measured)) > 2


def test_a_training_without_a_link_equals_one_process_and_gives_its_device_no_gradient(tmp_path: Path) -> None:
    compare(config_of(2, 1, 2, "soft", 6, fusion={"down": [1]}), tmp_path)

    config, data = config_of(2, 1, 1, "soft", 6, fusion={"down": [1]}), tiny_data(2)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    symbols = torch.ones(1, 16, 12)
    block = FusedBlock(BlockKey(Phase.TRAIN, 0, 0), symbols, (0, 1), erased=frozenset({1}))
    result = run.trainer.micro_batch(block)
    assert not result.gradients[1].any()
    assert result.gradients[0].any()


def test_the_run_s_own_point_is_its_test_error_to_the_last_digit(trained: sw.TrainingResult) -> None:
    result = trained.load().evaluate(psnr_db=[10.0], noise_seeds=3)
    assert result.points[0].errors[0] == trained.error == trained.summary["error_rate"]
    assert len(set(result.points[0].errors)) > 1
    assert result.points[0].half_width is not None


def test_stage_by_stage_gives_the_errors_of_an_evaluation(trained: sw.TrainingResult, digits: Digits) -> None:
    model, (images, labels) = sw.load(trained.folder), digits
    symbols = model.encode(images)
    assert symbols.levels is not None
    assert symbols.values.shape == symbols.levels.shape == (2, 1000, 6)

    errors = []
    for psnr_db in PSNR_DB:
        for seed in (0, 1):
            answers = model.decode(model.transmit(symbols, psnr_db=psnr_db, seed=seed))
            errors.append(float(np.mean(answers != labels)))

    expected = model.evaluate(psnr_db=PSNR_DB, noise_seeds=2).points
    assert errors == [error for point in expected for error in point.errors]
    own = model.evaluate((images, labels), psnr_db=PSNR_DB, noise_seeds=2).points
    assert own == expected


def test_stage_by_stage_has_the_state_of_the_channel_where_it_is_an_input(digits: Digits, tmp_path: Path) -> None:
    receiver = {"csi": "estimated", "equaliser": "mmse", "inputs": True}
    settings = {
        "encoder": {"dimension": 6},
        "channel": {"model": ["rayleigh", "awgn"], "receiver": receiver},
        "training": {"epochs": 1},
        "inference": {"latency_samples": 2},
    }
    model, (images, labels) = sw.load(sw.train(settings, results=tmp_path).folder), digits
    received = model.transmit(model.encode(images), psnr_db=5.0)
    assert received.shape == (2, 1000, 8)
    assert received[..., 7].min() == received[..., 7].max() == np.float32(0.5)
    (point,) = model.evaluate(psnr_db=5.0).points
    assert point.errors == (float(np.mean(model.decode(received, psnr_db=5.0) != labels)),)
    with pytest.raises(DataError, match=r"expected float32 of shape \(2, N, 8\)"):
        model.decode(received[..., :6])


def test_the_command_writes_the_numbers_of_the_python_interface(trained: sw.TrainingResult, tmp_path: Path) -> None:
    options = ["--psnr-db", "-5:10:7.5", "--noise-seeds", "2", "--links-down", "1", "--results", str(tmp_path)]
    answer = splitwave("evaluate", str(trained.folder), *options)
    assert answer.exit_code == 0, answer.output

    (folder,) = (tmp_path / "evaluate").iterdir()
    result = trained.load().evaluate(psnr_db=[-5.0, 2.5, 10.0], noise_seeds=2, links_down=[1])
    rows = read(folder / "error.csv")
    assert [float(row["psnr_db"]) for row in rows] == [-5.0, 2.5, 10.0]
    assert [float(row["error_rate"]) for row in rows] == [point.error for point in result.points]
    assert [float(row["error_rate_noise_1"]) for row in rows] == [point.errors[1] for point in result.points]
    assert json.loads((folder / "evaluation.json").read_text())["links_down"] == [1]
    pictures = {path.name for path in (folder / "figs").iterdir()}
    assert pictures >= {"error.pdf", "confusion.pdf", "codebook.pdf"}


def test_confusion_codebooks_and_ablation_describe_the_same_pass(trained: sw.TrainingResult, tmp_path: Path) -> None:
    answer = splitwave("evaluate", str(trained.folder), "--noise-seeds", "1", "--results", str(tmp_path))
    assert answer.exit_code == 0, answer.output

    (folder,) = (tmp_path / "evaluate").iterdir()
    counts = np.array([[int(row[f"answer_{a}"]) for a in range(10)] for row in read(folder / "confusion.csv")])
    assert counts.sum() == 1000
    assert 1 - np.trace(counts) / 1000 == pytest.approx(trained.error, abs=1e-12)
    assert counts.sum(axis=1).tolist() == np.bincount(load_labels("mnist5k", "test", None)).tolist()
    codebook = read(folder / "codebook.csv")
    for link in range(2):
        assert sum(int(row["count"]) for row in codebook if row["link"] == str(link)) == 1000 * 6
        levels = trained.load().codebooks[link]
        assert levels is not None
        assert [float(row["value"]) for row in codebook if row["link"] == str(link)] == levels.levels().tolist()
    ablation = {row["links"]: float(row["error_rate"]) for row in read(folder / "ablation.csv")}
    assert set(ablation) == {"without link 0", "without link 1"}
    assert min(ablation.values()) > trained.error


def test_codebook_use_has_the_entropy_of_the_encoded_symbols(trained: sw.TrainingResult, digits: Digits) -> None:
    model = trained.load()
    symbols = model.encode(digits[0])
    (use, _), levels = model.evaluate().codebooks, symbols.levels
    assert levels is not None
    entropies = []
    for symbol in range(6):
        _, counts = np.unique(levels[0][:, symbol], return_counts=True)
        shares = counts / counts.sum()
        entropies.append(-(shares * np.log2(shares)).sum())
    assert use.entropy_bits == pytest.approx(np.mean(entropies), rel=1e-12)
    assert use.levels_used == len(np.unique(levels[0]))
    assert use.mean_power == pytest.approx(float(np.mean(symbols.values[0].astype(float) ** 2)), rel=1e-6)


def test_a_lost_link_is_a_link_of_zeros(trained: sw.TrainingResult, digits: Digits) -> None:
    model, (images, labels) = trained.load(), digits
    received = model.transmit(model.encode(images))
    received[1] = 0.0
    assert model.evaluate(links_down=[1]).errors == {None: float(np.mean(model.decode(received) != labels))}


def test_an_evaluation_leaves_run_and_threads_as_before() -> None:
    config, data = config_of(2, 1, 1, "soft", 6), tiny_data(2)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    before, threads = run.trainer.config, torch.get_num_threads()
    with pytest.raises(ConfigError, match=r"channel\.psnr_db = 151\.0"):
        evaluate_run(run, Request(psnr_db=(0.0, 151.0)))
    assert run.trainer.config == before
    first = evaluate_run(run, Request(psnr_db=(0.0,)))
    assert evaluate_run(run, Request(psnr_db=(0.0,))).points == first.points
    assert (run.trainer.config, torch.get_num_threads()) == (before, threads)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--psnr-db", "five"], "error: --psnr-db five: expected decibels"),
        (["--channel", "fog"], "there is no 'fog'; there are: awgn"),
        (["--links-down", "2"], "expected different links of 0 to 1"),
        (["--noise-seeds", "11"], "Invalid value for '--noise-seeds'"),
        (["--engine", "steam"], "no such engine"),
    ],
)
def test_a_wrong_option_is_one_line_and_nothing_is_written(
    options: Sequence[str], message: str, trained: sw.TrainingResult, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    answer = splitwave("evaluate", str(trained.folder), *options, "--results", str(results))
    assert answer.exit_code == 2
    assert message in answer.output
    assert "Traceback" not in answer.output
    assert not results.exists()


def test_samples_that_do_not_fit_are_refused_in_one_line(trained: sw.TrainingResult) -> None:
    model = trained.load()
    with pytest.raises(DataError, match=r"inputs of shape \(3, 28, 27\), uint8: expected .* \('N', 28, 28\)"):
        model.encode(np.zeros((3, 28, 27), np.uint8))
    with pytest.raises(DataError, match=r"inputs are 1 arrays: expected 2, one per device"):
        model.encode([np.zeros((3, 392), np.float32)])
    with pytest.raises(DataError, match=r"symbols of shape \(2, 3, 5\), float32: expected .* \(2, N, 6\)"):
        model.decode(np.zeros((2, 3, 5), np.float32))
    with pytest.raises(DataError, match="2 targets for 3 inputs"):
        model.evaluate((np.zeros((3, 28, 28), np.uint8), np.zeros(2, np.int64)))
    with pytest.raises(ConfigError, match=r"link 2: expected 0 to 1"):
        model.channel(2)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_channels_in_which_links_meet_have_no_stages_of_one_link(trained: sw.TrainingResult) -> None:
    model, meeting = trained.load(), ["over-the-air", "awgn"]
    symbols = model.encode(load_images("mnist5k", "test", None)[:4])
    with pytest.raises(ConfigError, match=r"channel\.model = over-the-air, awgn: links meet in it"):
        model.channel(0, channel=meeting)
    with pytest.raises(ConfigError, match=r"channel\.model = over-the-air, awgn: links meet in it"):
        model.transmit(symbols, channel=meeting)
