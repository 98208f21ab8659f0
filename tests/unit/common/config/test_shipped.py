"""Configurations that are part of the package are found by name."""

from pathlib import Path

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.config.shipped import (
    BOARDS,
    COMPOSE_FILE,
    CONFIGS,
    SERVING_COMPOSE_FILE,
    find_config,
    shipped_configs,
)
from splitwave.common.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_package_contains_all_shipped_files() -> None:
    assert {"demo", "mnist-k2", "hyper-vib-mnist"} <= set(shipped_configs())
    assert COMPOSE_FILE.is_file()
    assert SERVING_COMPOSE_FILE.is_file()
    assert list(BOARDS.glob("*.yaml"))


@pytest.mark.parametrize("name", ["mnist-k2", "mnist-k2.yaml"])
def test_a_shipped_configuration_is_found_by_its_name(name: str) -> None:
    assert find_config(Path(name)) == CONFIGS / "mnist-k2.yaml"
    assert load_config(Path(name), environment={}).data.name == "mnist"


def test_a_file_of_the_user_has_priority() -> None:
    Path("mnist-k2.yaml").write_text("seed: 7", encoding="utf-8")
    assert load_config(Path("mnist-k2.yaml"), environment={}).seed == 7


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("mnist_k2", "mnist_k2: no such config file; did you mean mnist-k2?"),
        ("configs/mnist-k2.yaml", "configs/mnist-k2.yaml: no such config file; `mnist-k2` alone names a shipped one"),
        ("mine.yaml", "mine.yaml: no such config file"),
    ],
)
def test_an_unknown_name_is_refused_with_similar_names(path: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        find_config(Path(path))
    assert str(refusal.value).startswith(message)
