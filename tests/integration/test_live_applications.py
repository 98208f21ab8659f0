"""Applications submit samples to a real station, through the channel emulator, and get its answers."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray

import splitwave as sw
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.local_socket.server import AppServer
from splitwave.device.application.opening import LinkOptions, open_link
from splitwave.device.application.submitter import Submitter
from tests.installed_command import environment
from tests.integration.live_stations import Served, export, station
from tests.integration.test_live_queries import TWO_LINKS
from tests.limits import LIMIT_S
from tests.unit.project.sources import ROOT

PIXELS = np.random.default_rng(5).integers(0, 256, (6, 1, 14, 28), dtype=np.uint8)
SCALED = PIXELS.reshape(6, -1).astype(np.float32) / np.float32(255)
HOPS = ["application", "encode", "send", "device link", "emulate", "backhaul", "fuse wait", "decoder queue", "decode"]


@pytest.fixture(name="model")
def _model(tmp_path: Path) -> Path:
    export(TWO_LINKS, tmp_path / "model")
    return tmp_path / "model"


async def answers_of(device: sw.AsyncDevice, samples: "NDArray[np.uint8] | Float32") -> list[sw.Answer]:
    return [answer async for answer in device.stream(samples)]


def test_two_applications_get_the_same_answers_whether_they_have_the_model_or_not(model: Path) -> None:
    async def run() -> tuple[list[sw.Answer], list[sw.Answer]]:
        async with (
            station(model) as served,
            sw.AsyncDevice(served.uplink, model=model / "device-0") as first,
            sw.AsyncDevice(served.uplink, link=1) as second,
        ):
            found = await asyncio.gather(answers_of(first, PIXELS), answers_of(second, SCALED))
        return found[0], found[1]

    first, second = asyncio.run(run())
    assert [answer.name.sequence for answer in first] == list(range(6))
    assert [answer.value for answer in first] == [answer.value for answer in second]
    assert {answer.outcome for answer in first + second} == {Outcome.ANSWERED}
    assert {answer.links_used for answer in first} == {(0, 1)}
    assert all(answer.value == np.argmax(answer.probabilities) for answer in first)
    assert [list(answer.hops_ns) for answer in first] == [HOPS] * 6
    assert all(duration >= 0 for answer in first for duration in answer.hops_ns.values())


def test_a_query_without_its_other_part_ends_in_time(model: Path) -> None:
    async def run() -> sw.Answer:
        async with station(model, query_timeout_s=0.05) as served, sw.AsyncDevice(served.uplink, link=0) as device:
            return await device.infer(PIXELS[0])

    answer = asyncio.run(run())
    assert (answer.outcome, answer.value) == (Outcome.TOO_FEW_LINKS, None)


def test_a_program_submits_through_the_local_socket(model: Path, tmp_path: Path) -> None:
    def ask(uplink: str) -> "tuple[pb.Description, pb.InferReply]":
        address = f"unix:{tmp_path / 'device.sock'}"
        submitter = Submitter(open_link(LinkOptions(uplink, model / "device-0")))
        with AppServer(submitter, address), grpc.insecure_channel(address) as channel:
            stub = device_app_pb2_grpc.DeviceAppStub(channel)
            description = stub.Describe(pb.DescribeRequest(), timeout=LIMIT_S, wait_for_ready=True)
            reply = stub.Infer(pb.InferRequest(uint8=PIXELS[0].tobytes(), stream=4), timeout=LIMIT_S)
        submitter.close()
        return description, reply

    async def run() -> "tuple[pb.Description, pb.InferReply, sw.Answer]":
        async with station(model) as served, sw.AsyncDevice(served.uplink, link=1, stream=4) as other:
            (description, reply), answer = await asyncio.gather(
                asyncio.to_thread(ask, served.uplink), other.infer(PIXELS[0])
            )
            return description, reply, answer

    description, reply, answer = asyncio.run(run())
    assert (list(description.input_shape), description.classes, description.links) == ([1, 14, 28], 10, 2)
    assert (reply.class_index, reply.stream, reply.outcome) == (answer.value, 4, pb.OUTCOME_ANSWERED)


GUIDE = ROOT / "docs" / "how-to" / "own-samples.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
LOGGED = re.compile(r"\d{4}-\d\d-\d\d ")


def test_the_code_of_the_guide_runs(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_blocks(uplink: str) -> None:
        for block in BLOCKS:
            exec(block.replace("127.0.0.1:50052", uplink), {})

    async def run() -> None:
        async with station(model, query_timeout_s=0.02) as served:  # the other device is away
            await asyncio.to_thread(run_blocks, served.uplink)

    monkeypatch.chdir(model.parent)
    asyncio.run(run())
    printed = capsys.readouterr().out.splitlines()
    upper, lower, *streamed = (line for line in printed if not LOGGED.match(line))
    for line in (upper, lower):
        value, outcome, _ = line.split(maxsplit=2)
        assert (value.isdecimal(), outcome) == (True, "ANSWERED")
    assert streamed[-4:] == ["None", "1 None", "2 None", "3 None"]
    dropped = int(streamed[-5].removeprefix("dropped: "))
    assert dropped + len(streamed[:-5]) == 100


Commanded = tuple[int | None, list[dict[str, object]], str]


async def commanded(served: Served, *options: str, lines: bytes = b"") -> Commanded:
    """Run the command in a process; its code, its answers and its standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "splitwave.device", "run", f"--connect={served.uplink}", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    out, errors = await asyncio.wait_for(process.communicate(lines), LIMIT_S)
    return process.returncode, [json.loads(line) for line in out.splitlines()], errors.decode()


def test_the_command_answers_files_and_lines_and_reports_bad_samples(model: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    lines = "\n".join([json.dumps(SCALED[0].tolist()), "[1, 2]", *(json.dumps(x.tolist()) for x in SCALED[1:])])

    async def run() -> tuple[Commanded, Commanded]:
        async with station(model) as served:
            return await asyncio.gather(
                commanded(served, f"--model={model / 'device-0'}", f"--source={tmp_path / 'x.npy'}"),
                commanded(served, "--link=1", "--source=stdin", lines=lines.encode()),
            )

    (code, answers, errors), (other_code, other_answers, other_errors) = asyncio.run(run())
    assert (code, other_code) == (ExitCode.OK, ExitCode.DATA), errors + other_errors
    assert [each["value"] for each in answers] == [each["value"] for each in other_answers]
    assert [each["outcome"] for each in answers] == ["answered"] * 6
    assert errors.splitlines()[-1] == "6 answered"
    assert other_errors.splitlines()[-2:] == ["6 answered, 1 refused", "error: samples that were refused: 1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_in_good_order_while_it_waits_for_samples(
    model: Path, number: signal.Signals
) -> None:
    async def run() -> tuple[int, dict[str, object], str]:
        async with station(model, query_timeout_s=0.02) as served:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "splitwave.device", "run", f"--connect={served.uplink}", "--link=0"),
                "--source=stdin",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment(),
            )
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{json.dumps(SCALED[0].tolist())}\n".encode())
            answer = json.loads(await asyncio.wait_for(process.stdout.readline(), LIMIT_S))
            process.send_signal(number)
            _, errors = await asyncio.wait_for(process.communicate(), LIMIT_S)
            assert process.returncode is not None
            return process.returncode, answer, errors.decode()

    code, answer, errors = asyncio.run(run())
    assert (code, answer["outcome"]) == (ExitCode.OK, "too_few_links")
    assert errors.splitlines()[-1] == "0 answered, 1 without an answer"
