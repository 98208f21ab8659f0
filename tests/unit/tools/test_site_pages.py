"""Rooms and decisions enter the documentation site by themselves."""

from pathlib import Path

import pytest
from mkdocs.config.base import load_config
from mkdocs.config.defaults import MkDocsConfig

from tools.site_pages import DECISIONS, ROOT, api_pages, on_config


def tree(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / "splitwave" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_a_room_is_a_page_and_so_are_a_folders_own_modules(tmp_path: Path) -> None:
    sources = tree(
        tmp_path,
        "device/__init__.py",
        "device/__main__.py",
        "device/rate/__init__.py",
        "device/rate/bounds.py",
        "device/rate/more/__init__.py",
        "device/rate/more/deep.py",
        "device/empty/__init__.py",
        "common/seam.py",
        "common/wire/__init__.py",
        "common/wire/blocks.py",
        "common/wire/pb/uplink_pb2.py",
    )
    pages = {page.name: page.modules for page in api_pages(sources)}
    assert pages == {
        "common": ("common.seam",),
        "common.wire": ("common.wire.blocks",),
        "device.rate": ("device.rate.bounds", "device.rate.more.deep"),
        "testbed.engine": ("testbed.engine",),
    }


def test_a_page_is_a_heading_and_a_block_for_each_module() -> None:
    page = next(page for page in api_pages() if page.name == "device.quantization")
    assert page.text.startswith("# `splitwave.device.quantization`\n\n::: splitwave.device.quantization.")
    assert page.text.count(":::") == len(page.modules)


def test_rooms_and_decisions_enter_the_navigation() -> None:
    config = MkDocsConfig(config_file_path=str(ROOT / "mkdocs.yml"))
    config.nav = [{"Reference": [{"API": ["a.md"]}]}, {"Explanation": [{"Decisions": ["b.md"]}]}]
    on_config(config)
    api, decisions = config.nav[0]["Reference"][0]["API"], config.nav[1]["Explanation"][0]["Decisions"]
    assert {"common.config": "reference/api/common.config.md"} in api
    assert decisions == ["b.md", *(f"adr/{path.name}" for path in sorted(DECISIONS.glob("*.md")))]


def test_a_navigation_without_these_lists_is_refused() -> None:
    config = MkDocsConfig(config_file_path=str(ROOT / "mkdocs.yml"))
    config.nav = [{"API": "a.md"}]
    with pytest.raises(ValueError, match=r"mkdocs\.yml: the navigation has no list named API"):
        on_config(config)


def test_the_site_takes_nothing_from_the_network() -> None:
    config = load_config(str(ROOT / "mkdocs.yml"))
    assert config.theme["font"] is False
    assert config.extra_javascript == []
    assert config.extra_css == []
