"""`splitwave init` copies files as a starting point."""

from pathlib import Path

from typer.testing import CliRunner

from splitwave.common.config.shipped import COMPOSE_FILE, CONFIGS, SERVING_COMPOSE_FILE
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.cli import app


def test_init_copies_the_shipped_files(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    outcome = CliRunner().invoke(app, ["init", str(folder)])
    assert outcome.exit_code == 0
    assert f"splitwave train -c {folder}/configs/demo.yaml" in outcome.stdout
    for name, shipped in (("docker-compose.yml", COMPOSE_FILE), ("docker-compose.serving.yml", SERVING_COMPOSE_FILE)):
        assert (folder / name).read_bytes() == shipped.read_bytes()
    for path in CONFIGS.rglob("*.yaml"):
        assert (folder / "configs" / path.relative_to(CONFIGS)).read_bytes() == path.read_bytes()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "configs" / "demo.yaml"
    mine.parent.mkdir()
    mine.write_text("seed: 7", encoding="utf-8")
    outcome = CliRunner().invoke(app, ["init", str(tmp_path)])
    assert outcome.exit_code == ExitCode.CONFIG
    assert f"{mine} already exists" in outcome.stderr
    assert mine.read_text(encoding="utf-8") == "seed: 7"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
