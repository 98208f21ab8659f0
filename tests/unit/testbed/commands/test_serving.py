"""`splitwave serve` and `deploy` refuse what cannot be served before anything is started or sent."""

from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.unit.testbed.commands.command_line import assert_refused, splitwave


@pytest.mark.parametrize("command", [["serve"], ["deploy", "--to", "127.0.0.1:1"]], ids=["serve", "deploy"])
def test_a_folder_that_is_neither_run_nor_model_is_refused(command: list[str], tmp_path: Path) -> None:
    answer = splitwave(*command, tmp_path)
    assert_refused(
        answer, ExitCode.CHECKPOINT, f"RUN {tmp_path}: no published checkpoint there", f"{tmp_path}/model.json"
    )


@pytest.mark.parametrize("arguments", [[], ["model", "--roll-back"]], ids=["neither", "both"])
def test_deploy_takes_a_model_or_rolls_back(arguments: list[str]) -> None:
    answer = splitwave("deploy", *arguments, "--to", "127.0.0.1:1")
    assert_refused(answer, ExitCode.CONFIG, "expected RUN or --roll-back, and not both")


def test_a_station_that_does_not_answer_is_unreachable() -> None:
    answer = splitwave("deploy", "--roll-back", "--to", "127.0.0.1:1")
    assert_refused(answer, ExitCode.UNREACHABLE, "no base station answered at 127.0.0.1:1")


@pytest.mark.parametrize(("option", "name"), [("--listen", "--listen"), ("--channel", "--channel")])
def test_an_address_that_is_none_is_refused(option: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").touch()
    assert_refused(splitwave("serve", tmp_path, option, "nowhere"), ExitCode.ADDRESS, f"{name} nowhere")
