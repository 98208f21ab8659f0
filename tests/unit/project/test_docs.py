"""The documents say what the code and the files say."""

import json
import re
from pathlib import Path

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.exit_codes import ExitCode
from tools.publish_result import PUBLISHED, README, processor, results_table, table_in

ROOT = README.parent
RESULTS = sorted(path.parent for path in PUBLISHED.glob("*/summary.json"))


def test_the_readmes_table_is_what_the_published_files_say() -> None:
    assert RESULTS
    assert table_in(README.read_text()) == results_table(PUBLISHED)


def test_a_processor_is_named_with_its_vector_instructions_where_they_were_recorded() -> None:
    assert processor({"cpu_model": "AMD EPYC"}) == "AMD EPYC"
    assert processor({"cpu_model": "AMD EPYC", "cpu_vectors": None}) == "AMD EPYC"
    assert processor({"cpu_model": "AMD EPYC", "cpu_vectors": "AVX2"}) == "AMD EPYC, AVX2"


@pytest.mark.parametrize("folder", RESULTS, ids=lambda folder: folder.name)
def test_a_published_result_says_how_it_was_made(folder: Path) -> None:
    environment = json.loads((folder / "env.json").read_text())
    summary = json.loads((folder / "summary.json").read_text())
    config = load_config(folder / "config.yaml", environment={})
    assert environment["command"][0] == "splitwave"
    assert re.fullmatch("[0-9a-f]{40}", environment["commit"])
    assert environment["dirty"] is False
    assert environment["cpu_model"]
    assert (summary["config_hash"], summary["seed"]) == (config.config_hash, config.seed)
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == config.training.epochs


@pytest.mark.parametrize(("name", "most"), [("demo", 0.08), ("mnist-k2", 0.022)])
def test_published_results_are_within_what_was_promised(name: str, most: float) -> None:
    summary = json.loads((PUBLISHED / name / "summary.json").read_text())
    assert summary["engine"] == "process"
    assert summary["error_rate"] <= most
    assert summary["payload_bits_per_sample_per_link"] == 112
    assert summary["wire_bytes_per_sample_per_link"] <= 1.1 * 14


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert rows == [(str(code.value), code.name) for code in ExitCode]


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
