"""Live changes of β in real processes: β changes within a stream, which one process then answers again."""

import dataclasses
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.checkpoint import load_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.common.tasks.classification import wilson_interval
from splitwave.common.tasks.task import Answers
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.experiments.inprocess_checkpoints import save_checkpoint
from splitwave.experiments.inprocess_run import InprocessRun, open_run
from splitwave.testbed.control_client import set_beta
from tests.e2e.services import Services, until
from tests.installed_command import output_of
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

QUERIES = 30
CONFIG = RunConfig.model_validate(
    {
        "encoder": {"dimension": 8},
        "objective": {"beta": 0.1},
        "hypernetwork": {"beta": [1e-5, 1.0]},
        "training": {"epochs": 1, "batch_size": 256, "learning_rate": 1e-2},
        "inference": {"latency_samples": QUERIES},
    }
)
CHANGES: tuple[tuple[int | None, float], ...] = ((1, 0.01), (0, 1.0), (1, 0.5), (None, 0.03), (0, 0.1), (1, 1.0))
BY_COMMAND = 2
"""The number of changes made with the command, which takes seconds to start; the others use the control service."""


@dataclass(frozen=True)
class Stream:
    """A base station's records of a served stream.

    Attributes:
        summary: content of its summary file.
        switches: the β of all links, by the (serving pass, query) from which they apply.
        answers: for each finished pass the digest of all answers.
    """

    summary: dict[str, Any]
    switches: dict[tuple[int, int], tuple[float, ...]]
    answers: list[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of networks that depend on β: one epoch hardly changes their gates, so these are changed by hand."""
    folder = tmp_path_factory.mktemp("state")
    run = open_run(CONFIG, None)
    list(run.train(lambda _: None))
    generator = torch.Generator().manual_seed(0)
    for network in (*(worker.model for worker in run.workers), run.trainer.decoder):
        for name, parameter in network.named_parameters():
            if name.endswith("slope"):
                parameter.data.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    save_checkpoint(run, folder)
    return folder


@pytest.fixture(scope="module")
def stream(folder: Path) -> Stream:
    """Serve, change β several times, then stop."""
    (folder / "run.yaml").write_text(to_yaml(CONFIG), encoding="utf-8")
    (folder / "summaries").mkdir()
    with ExitStack() as stack:
        services = Services(folder, stack)
        basestation, address = services.serve(
            "basestation", "splitwave.basestation", f"--config={folder / 'run.yaml'}", f"--state={folder}", "--restore",
            f"--summaries={folder / 'summaries'}", "--serve-every=0.001", "--log-format=json",
        )  # fmt: skip
        channel, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
        devices = [
            services.start(
                f"device-{link}", "splitwave.device", f"--connect={uplink}", f"--state={folder}", f"--link={link}"
            )
            for link in range(CONFIG.links)
        ]
        for number, (link, beta) in enumerate(CHANGES):
            _wait_for_two_passes(address)
            (_set_by_command if number < BY_COMMAND else set_beta)(address, link, beta)
        assert [link.beta for link in _wait_for_two_passes(address).links] == [0.1, 1.0]
        for process in (basestation, channel):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(LIMIT_S) for process in (basestation, channel, *devices)] == [ExitCode.OK] * 4
        return _recorded(folder, services.log("basestation"))


def _wait_for_two_passes(address: str) -> pb.RunStatus:
    """Wait until two more passes are over, because one was in progress when β was last changed."""
    so_far = until(address, lambda status: status.queries > 0).queries
    return until(address, lambda status: status.queries >= so_far + 2 * QUERIES)


def _set_by_command(address: str, link: int | None, beta: float) -> None:
    assert link is not None
    output = output_of("beta", "set", f"--link={link}", str(beta), f"--address={address}")
    assert f"link {link}  β {beta}" in output.splitlines()


def _recorded(folder: Path, log: str) -> Stream:
    (path,) = (folder / "summaries").iterdir()
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]  # gRPC writes other lines
    return Stream(
        json.loads(path.read_text(encoding="utf-8")),
        {
            (event["serving_pass"], event["query"]): tuple(event["betas"])
            for event in events
            if event["event"] == "serving under beta"
        },
        [event["answers_sha256"] for event in events if event["event"] == "served"],
    )


def test_no_block_is_lost_and_every_beta_that_was_set_is_in_the_summary(stream: Stream) -> None:
    by_beta = stream.summary["by_beta"]

    assert (
        sum(each["queries"] for each in by_beta) == QUERIES * len(stream.answers) == stream.summary["served"]["queries"]
    )
    expected = [[0.1, 0.1]]
    for link, beta in CHANGES:
        expected.append([beta if link in (None, each) else before for each, before in enumerate(expected[-1])])
    assert [list(betas) for betas in stream.switches.values()] == expected
    assert {tuple(each["betas"]) for each in by_beta} == {tuple(betas) for betas in expected}


def test_beta_changes_in_the_middle_of_a_pass(stream: Stream) -> None:
    # A change falls on the first query of a pass with a probability of about 1/30, and all six do with 1/30⁶.
    assert any(query > 0 for _, query in stream.switches)


def _replay(
    folder: Path, stream: Stream, tamper: Callable[[InprocessRun], None] = lambda _: None
) -> Iterator[tuple[InprocessRun, str]]:
    """Answer the stream again in one process with the same changes of β; yields the run and a digest for each pass."""
    run = open_run(CONFIG, None)
    manifest = Manifest.read(folder)
    load_part(folder / BASESTATION_PART, run.trainer.decoder, manifest.basestation_sha256)
    for link, sha256 in enumerate(manifest.device_sha256):
        load_part(folder / device_part(link), run.workers[link].model, sha256)
    tamper(run)

    for count in range(len(stream.answers)):
        switches = {query: betas for (serving_pass, query), betas in stream.switches.items() if serving_pass == count}
        yield run, run.serve(count, switches).answers_sha256


def test_one_process_gives_the_same_answers_and_the_same_numbers_by_beta(folder: Path, stream: Stream) -> None:
    replay = list(_replay(folder, stream))

    assert [digest for _, digest in replay] == stream.answers
    assert stream.summary["by_beta"] == [
        {
            "betas": list(each.betas),
            "queries": each.totals.queries,
            "distinct_samples": each.totals.distinct_samples,
            "error_rate": each.totals.error,
            "error_rate_interval": list(wilson_interval(each.totals.error, each.totals.distinct_samples)),
            "symbol_entropy_bits": each.symbol_entropy_bits,
        }
        for each in replay[-1][0].served.results()
    ]


def _decode_with_beta_of_the_settings(run: InprocessRun) -> None:
    right = run.trainer.predict

    def wrong(block: FusedBlock, plan: RunPlan | None = None) -> Answers:
        return right(dataclasses.replace(block, betas=(CONFIG.beta(0), CONFIG.beta(1))), plan)

    run.trainer.predict = wrong  # type: ignore[method-assign]


def _encode_with_beta_of_the_settings(run: InprocessRun) -> None:
    right = run.workers[1].pass_block

    def wrong(phase: Phase, step: int, number: int, symbols: Symbols) -> SymbolBlock:
        tuned = run.workers[1].config
        run.workers[1].retune(CONFIG)
        block = right(phase, step, number, symbols)
        run.workers[1].retune(tuned)
        return dataclasses.replace(block, beta=tuned.beta(1))

    run.workers[1].pass_block = wrong  # type: ignore[method-assign]


@pytest.mark.parametrize("mistake", [_decode_with_beta_of_the_settings, _encode_with_beta_of_the_settings])
def test_using_another_beta_than_that_of_the_block_changes_the_answers(
    mistake: Callable[[InprocessRun], None], folder: Path, stream: Stream
) -> None:
    """The test above can fail: if one network uses β of the settings, the answers differ after a change of β."""
    digests = [digest for _, digest in _replay(folder, stream, mistake)]

    first_changed = min(position for position, betas in stream.switches.items() if betas != (0.1, 0.1))
    assert digests[: first_changed[0]] == stream.answers[: first_changed[0]]
    assert digests[first_changed[0] :] != stream.answers[first_changed[0] :]
