"""The documents say what the code and the files say."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.exit_codes import ExitCode
from tools.marked_block import block_in
from tools.paths import PUBLISHED, ROOT
from tools.publish_result import BLOCK, TABLES, processor, results_table

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
CODE = ("common", "device", "channel", "basestation", "testbed", "experiments", "benchmarks")
OTHER = ("configs", "docs", "proto", "requirements", "tests", "tools")
PATH = re.compile(rf"`((?:{'|'.join(CODE + OTHER)})/[\w./-]*)`")
RESULTS = sorted(path.parent for path in PUBLISHED.glob("*/summary.json"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", TABLES, ids=name_of)
def test_a_table_of_results_is_what_the_published_files_say(page: Path) -> None:
    assert RESULTS
    assert block_in(page.read_text(), BLOCK) == results_table(PUBLISHED, TABLES[page])


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


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


def test_every_exit_code_is_documented_with_its_remedy() -> None:
    row = re.compile(r"^\| (\d+) \| (\w+) \| ([^|]+\.) \| ([^|]+\.) \|$", re.MULTILINE)
    rows = row.findall((ROOT / "docs" / "exit-codes.md").read_text())
    assert [(number, name) for number, name, _, _ in rows] == [(str(code.value), code.name) for code in ExitCode]


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    for document in PAGES:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_files_that_the_documents_name_are_there() -> None:
    named = {(name_of(page), path) for page in PAGES for path in PATH.findall(page.read_text())}
    assert ("docs/glossary.md", "common/seam.py") in named
    generated = "docs/results/NAME"
    assert [each for each in sorted(named) if not (ROOT / each[1]).exists() and each[1] != generated] == []


def test_every_word_of_the_glossary_names_a_module_and_stands_once() -> None:
    rows = re.findall(r"^\| (.+?) \| .* \| `(.+?)` \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    words = [word.strip() for words, _ in rows for word in words.split(",")]
    assert len(words) > 60
    assert sorted(set(words)) == sorted(words)
    assert {module for _, module in rows if not (ROOT / module).is_file()} == set()


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_search_of_the_tutorial_finds_one_file() -> None:
    lesson = (ROOT / "docs" / "tutorial" / "5-a-change-of-your-own.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ +FILE=\$\((grep .*)\)$", lesson, re.MULTILINE)
    found = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert len(found.splitlines()) == 1
