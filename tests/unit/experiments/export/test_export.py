"""A run as a model folder: it computes what the run's networks compute, or it does not exist."""

import json
import re
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.records.model_folder import read_model
from splitwave.experiments.export import folder as folder_module
from splitwave.experiments.export.command import export
from splitwave.experiments.export.networks import encoder_graph
from splitwave.experiments.export.settings import settings_for
from tests.unit.experiments.export.conftest import Exported
from tests.unit.experiments.export.exported_runs import SAMPLES, TINY, exported, trained

app = typer.Typer()
app.command()(export)


def run_command(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_the_graphs_give_the_levels_and_answers_of_torch(plain: Exported) -> None:
    symbols = SAMPLES * 6
    for comparison in plain.report.proof.comparisons[:2]:
        assert (comparison.equal + comparison.different, comparison.faults) == (symbols, 0)
        assert comparison.different <= 2
    answers = plain.report.proof.comparisons[2]
    assert (answers.unit, answers.equal) == ("answers", SAMPLES)
    errors = plain.report.proof.errors
    assert errors["onnx"] == errors["torch"] < 0.95
    assert abs(errors["int8"] - errors["onnx"]) <= 0.2


def test_the_folder_is_valid_and_has_what_the_run_has(plain: Exported) -> None:
    model = read_model(plain.model, plain.model / "signature.json")
    assert model.manifest.version == plain.report.version
    manifest = json.loads((plain.checkpoint / "checkpoint.json").read_bytes())
    assert [part.facts.weights_sha256 for part in model.devices] == manifest["device_sha256"]
    assert model.station.facts.weights_sha256 == manifest["basestation_sha256"]
    for link, part in enumerate(model.devices):
        assert part.contract() == link_contract(plain.run.config, link)
        codebook = plain.run.workers[link].model.codebook
        assert codebook is not None
        assert part.grid.breakpoints == tuple(codebook.breakpoints().tolist())
        assert part.grid.levels == tuple(codebook.levels().tolist())


def test_the_report_is_kept_beside_the_model(plain: Exported) -> None:
    report = json.loads((plain.model / "report.json").read_bytes())
    assert report["version"] == plain.report.version
    assert report["samples"] == SAMPLES
    assert report["error_rate"] == plain.report.proof.errors
    small, full = (report["bytes"][f"device-0/{name}"] for name in ("encoder.int8.onnx", "encoder.onnx"))
    assert 0 < small < full == (plain.model / "device-0" / "encoder.onnx").stat().st_size


def test_the_same_export_has_the_same_version_and_another_key_makes_no_difference(
    plain: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    again = exported(plain.checkpoint, tmp_path / "again", int8=True)
    assert again.version == plain.report.version
    key = tmp_path / "config" / "splitwave" / "signing-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    without_int8 = exported(plain.checkpoint, tmp_path / "third", key=key)
    assert without_int8.version == plain.report.version  # the same network
    digests = [read_model(folder).digest for folder in (plain.model, tmp_path / "again", tmp_path / "third")]
    assert digests[0] == digests[1] != digests[2]
    assert read_model(tmp_path / "third", tmp_path / "again" / "signature.json").manifest.links == 2
    with pytest.raises(CheckpointError, match=r"model\.json: not signed by the key in "):
        read_model(tmp_path / "third", plain.model / "signature.json")


@pytest.mark.parametrize("breakpoints", [0, 3])
def test_convolutions_are_exported_without_torchs_exporter(
    breakpoints: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("torch.onnx.export")
    settings = {
        "links": 2,
        "encoder": {"backbone": "conv", "width": 0.03125, "dimension": 4},
        "quantizer": {"breakpoints": breakpoints},
        "training": {"batch_size": 8},
    }
    trained(settings, tmp_path / "ckpt")
    report = exported(tmp_path / "ckpt", tmp_path / "model")
    encoder, _, decoder = report.proof.comparisons
    assert (encoder.unit, encoder.faults) == ("levels" if breakpoints else "symbols", 0)
    assert (decoder.equal, decoder.faults) == (SAMPLES, 0)


def test_an_existing_folder_is_left_as_it_is(plain: Exported) -> None:
    code, output = run_command(plain.checkpoint, plain.model)
    assert (code, output) == (
        ExitCode.CONFIG,
        f"error: DIR {plain.model}: it exists; an export never overwrites, so name a new folder\n",
    )
    assert read_model(plain.model).manifest.version == plain.report.version


def test_the_command_prints_what_it_compared(plain: Exported, tmp_path: Path) -> None:
    code, output = run_command(plain.checkpoint, tmp_path / "model", "--samples", "10")
    assert code == ExitCode.OK, output
    assert re.search(r"encoder of device 1, levels +60 +0 +0 ", output)
    assert re.search(r"\nversion +[0-9a-f]{12}\nmodel +", output)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beta", "0.1"], "--beta 0.1: the run's networks are not β-conditioned"),
        (["--psnr-db", "3"], "--psnr-db 3: the PSNR is no input of the run's networks"),
        (["--conditions-as-input"], "--conditions-as-input: the run's networks have no conditions"),
        (["--sign", "none.pem"], "--sign none.pem: cannot be read: No such file"),
        (["--sign", __file__], "expected an Ed25519 private key in PEM form, without a password"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_left(
    plain: Exported, tmp_path: Path, options: list[str], message: str
) -> None:
    code, output = run_command(plain.checkpoint, tmp_path / "model", *options)
    assert (code, output.startswith("error: ")) == (ExitCode.CONFIG, True), output
    assert message in output
    assert list(tmp_path.iterdir()) == []


def test_a_condition_out_of_the_range_of_the_training_is_refused(hyper: Exported) -> None:
    with pytest.raises(ConfigError, match=r"objective\.beta = 1\.0 .*hypernetwork\.beta.*from --beta"):
        settings_for(hyper.run.config, 1.0, None)
    with pytest.raises(ConfigError, match=r"channel\.psnr_db = 30\.0 .*from --psnr-db"):
        settings_for(hyper.run.config, None, 30.0)


def test_networks_that_compute_something_else_are_not_left_behind(
    plain: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = trained({**TINY, "seed": 5}, tmp_path / "stranger").workers[0].model.encoder

    def graph_of_a_stranger(_: object, features: int, d: int, rows: Float32, *, as_input: bool) -> bytes:
        return encoder_graph(stranger, features, d, rows, as_input=as_input)

    monkeypatch.setattr(folder_module, "encoder_graph", graph_of_a_stranger)
    code, output = run_command(plain.checkpoint, tmp_path / "model", "--samples", "10")
    assert code == ExitCode.RUN_FAILED, output
    assert "error: the exported networks do not compute what torch computes: encoder of device 0: " in output
    assert [each.name for each in tmp_path.iterdir()] == ["stranger"]


def test_the_state_of_the_channel_is_an_input_of_the_decoders_graph(tmp_path: Path) -> None:
    receiver = {"csi": "perfect", "equaliser": "zero-forcing", "inputs": True}
    settings = {**TINY, "channel": {"model": ["rayleigh", "awgn"], "receiver": receiver}}
    trained(settings, tmp_path / "ckpt")
    answers = exported(tmp_path / "ckpt", tmp_path / "model").proof.comparisons[2]
    assert (answers.unit, answers.equal) == ("answers", SAMPLES)
    assert read_model(tmp_path / "model").devices[0].facts.dimension == 6
