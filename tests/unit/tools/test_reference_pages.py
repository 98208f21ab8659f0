"""The reference pages that follow from the code agree with it."""

from pathlib import Path

import pytest

from splitwave.common.config.setting_names import settings
from tools.guide_code import GUIDES, with_code
from tools.reference_cli import SERVICES
from tools.reference_pages import PAGES, REFERENCE


@pytest.fixture(scope="module", name="page", params=PAGES)
def _page(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, PAGES[request.param]()


def test_a_page_is_current(page: tuple[str, str]) -> None:
    name, text = page
    assert (REFERENCE / name).read_text(encoding="utf-8") == text, "run: python -m tools.reference_pages"


def test_every_setting_has_a_row_with_its_default() -> None:
    rows = [line for line in PAGES["configuration.md"]().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(settings())
    assert "| `training.epochs` | integer ≥ 1 and ≤ 100,000 | `15` |" in rows
    assert "| `hypernetwork.beta` | list of 2 × (number > 0), or null | `null` |" in rows


def test_the_help_of_services_is_their_own_and_of_no_machine() -> None:
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    for service in SERVICES:
        assert f"usage: splitwave {service} [-h]" in text
    assert "(default: ~/.local/state/splitwave)" in text


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_guide_shows_the_code_that_the_tests_run(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert with_code(text) == text, "run: python -m tools.reference_pages"


def test_every_seam_has_a_guide_with_code() -> None:
    shown = {guide.stem for guide in GUIDES if "<!-- tests/plugins/toys/" in guide.read_text(encoding="utf-8")}
    assert {
        "channel-model",
        "bound",
        "backbone",
        "fusion-policy",
        "adaptation",
        "data-set",
        "task",
        "view",
        "network",
    } <= shown
