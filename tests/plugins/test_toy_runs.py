"""One whole run with each toy of another package: only its name in the settings says that it is used."""

import re
from pathlib import Path

import pytest

from tests.installed_command import environment, output_of, summary_in
from tests.limits import LIMIT_S

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("toys")]

SETTINGS = ("training.epochs=1", "inference.latency_samples=10", "encoder.dimension=8", "quantizer.breakpoints=7")


@pytest.mark.parametrize(
    "setting",
    [
        "objective.bound=toy-energy",
        "encoder.backbone=toy-pooled",
        "fusion.policy=toy-first-link",
        "data.view=toy-every-other",
        "data.name=toy-bars",
        "data.name=toy-brightness",  # whose task is a toy, too
    ],
)
def test_processes_of_a_run_find_it_by_its_name(setting: str, tmp_path: Path) -> None:
    overrides = [argument for each in (*SETTINGS, setting) for argument in ("--set", each)]
    summary = summary_in(output_of("demo", *overrides, "--results", tmp_path, env=environment(), limit_s=LIMIT_S))
    section, key = setting.partition("=")[0].split(".")
    written = Path(summary["results"], "config.yaml").read_text(encoding="utf-8")
    assert re.search(rf"^{section}:$(\n  .*)*\n  {key}: {setting.partition('=')[2]}$", written, re.MULTILINE)
    assert summary["weights_sha256"]
