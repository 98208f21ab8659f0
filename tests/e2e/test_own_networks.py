"""Network, data and channel files in the current folder: whole runs with the installed command, and what is refused."""

import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.e2e.services import Services
from tests.installed_command import ENVIRONMENT, SHORT, SPLITWAVE, Table, summary_in
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

TOYS = Path(__file__).parents[1] / "plugins" / "toys"
WRONG = """
from torch import nn

def encoder(shapes):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32))
"""
DATA = """
import numpy as np

def samples(split, data_dir):
    return np.zeros((8, 4, 4), np.uint8), np.arange(8) % 2
"""
BOTH = ("encoder.network=my_networks:encoder", "decoder.network=my_networks:decoder")


def run_in(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder; it ends within a time limit."""
    command = [SPLITWAVE, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=LIMIT_S
    )


def demo(folder: Path, results: Path, engine: str, *settings: str) -> "subprocess.CompletedProcess[str]":
    overrides = [argument for each in settings for argument in ("--set", each)]
    return run_in(folder, "demo", *SHORT, *overrides, "--engine", engine, "--results", results)


def summary_of(answer: "subprocess.CompletedProcess[str]") -> Table:
    assert answer.returncode == ExitCode.OK, answer.stderr
    return summary_in(answer.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with the network file, and a folder `device`, which hides nothing."""
    here = tmp_path / "mine"
    (here / "device").mkdir(parents=True)
    (here / "device" / "__init__.py").write_text("raise RuntimeError\n", encoding="utf-8")
    shutil.copy(TOYS / "splitwave_toys" / "my_networks.py", here)
    shutil.copy(TOYS / "splitwave_toys" / "channel_model.py", here / "my_channel.py")
    (here / "wrong_networks.py").write_text(WRONG, encoding="utf-8")
    return here


def test_a_channel_model_of_a_file_is_that_of_one_process(folder: Path, tmp_path: Path) -> None:
    model = "channel.model=[my_channel:FixedGain,awgn]"
    processes, oracle = (summary_of(demo(folder, tmp_path, each, model)) for each in ("process", "inprocess"))
    assert processes["weights_sha256"] == oracle["weights_sha256"]
    assert processes["error_rate"] == oracle["error_rate"]
    point = ("--psnr-db", "3", "--noise-seeds", "1", "--no-ablation", "--channel", "my_channel:FixedGain,awgn")
    evaluate = ("evaluate", processes["results"], *point, "--results", tmp_path, "--python-path", folder)
    lines = [run_in(tmp_path, *evaluate, "--engine", each).stdout for each in ("process", "inprocess")]
    assert len({re.search(r"^3 dB .*$", text, re.MULTILINE).group() for text in lines}) == 1  # type: ignore[union-attr]


def test_it_trains_over_grpc_to_the_weights_of_one_process_and_is_evaluated_elsewhere(
    folder: Path, tmp_path: Path
) -> None:
    processes, oracle = (summary_of(demo(folder, tmp_path, each, *BOTH)) for each in ("process", "inprocess"))
    assert processes["weights_sha256"] == oracle["weights_sha256"]
    assert processes["error_rate"] == oracle["error_rate"] < 0.3
    infer = ("infer", "--checkpoint", processes["results"], "--results", tmp_path)
    again = summary_of(run_in(tmp_path, *infer, "--python-path", folder))
    assert (again["weights_sha256"], again["error_rate"]) == (oracle["weights_sha256"], oracle["error_rate"])
    elsewhere = run_in(tmp_path, *infer)
    assert elsewhere.returncode == ExitCode.CONFIG
    assert "there is no module 'my_networks'; add the folder that it lies in" in elsewhere.stderr


@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_a_wrong_shape_is_one_line_with_network_layer_expected_and_got(
    folder: Path, tmp_path: Path, engine: str
) -> None:
    answer = demo(folder, tmp_path, engine, "encoder.network=wrong_networks:encoder")
    assert answer.returncode == ExitCode.CONFIG
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert re.match(
        r"error: encoder\.network = wrong_networks:encoder \(link [01]\): layer 1, "
        r"Linear\(in_features=784, out_features=32, bias=True\): expected \(…, 784\), got \(2, 392\)",
        line,
    )
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "settings",
    [
        "{encoder: {network: 'my_networks:encoder'}}",
        "{data: {name: python, path: 'my_data:samples'}}",
        "{channel: {model: ['my_channel:FixedGain', awgn]}}",
    ],
)
def test_a_device_runs_no_code_that_a_base_station_names_unless_its_user_says_so(
    settings: str, folder: Path, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(settings, encoding="utf-8")
    (folder / "my_data.py").write_text(DATA, encoding="utf-8")
    with ExitStack() as stack:
        services, own = Services(tmp_path, stack), [f"--python-path={folder}"]
        _, address = services.serve(
            "basestation", "splitwave.basestation", *own, f"--config={config}", f"--state={tmp_path}"
        )
        device = services.start("device", "splitwave.device", f"--connect={address}", f"--state={folder}")
        assert device.wait(LIMIT_S) == ExitCode.CONFIG
        assert "runs code that others name only if it is started with --python-path DIR" in services.log("device")
