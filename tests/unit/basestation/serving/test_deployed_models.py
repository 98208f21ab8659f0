from pathlib import Path

import pytest

from splitwave.basestation.serving.deployed_models import DeployedModels


def model(folder: Path, name: str) -> Path:
    (folder / name / "device-0").mkdir(parents=True)
    (folder / name / "model.json").write_text(name, encoding="utf-8")
    return folder / name


def test_a_station_that_is_started_again_goes_on_with_the_model_in_use(tmp_path: Path) -> None:
    first, kept = model(tmp_path, "first"), tmp_path / "kept"
    assert DeployedModels(kept).in_use(first) == first
    deployed = DeployedModels(kept)
    for version in ("aa", "bb", "cc"):
        deployed.keep(model(tmp_path / "sent", version), version)
    assert DeployedModels(kept).in_use(first) == kept / "cc"
    assert (kept / "cc" / "model.json").read_text(encoding="utf-8") == "cc"
    assert sorted(each.name for each in kept.iterdir() if each.is_dir()) == ["bb", "cc"]
    deployed.use("bb")
    assert DeployedModels(kept).in_use(first) == kept / "bb"
    deployed.use("the first")
    assert DeployedModels(kept).in_use(first) == first


@pytest.mark.parametrize("content", ["", "[]", '{"version": "zz"}', '{"version": "../first"}'])
def test_a_damaged_note_leads_to_the_first_model(content: str, tmp_path: Path) -> None:
    first, kept = model(tmp_path, "first"), tmp_path / "kept"
    kept.mkdir()
    (kept / "in-use.json").write_text(content, encoding="utf-8")
    assert DeployedModels(kept).in_use(first) == first


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    first = model(tmp_path, "first")
    deployed = DeployedModels(None)
    deployed.keep(first, "aa")
    deployed.use("aa")
    assert deployed.in_use(first) == first
    assert [each.name for each in tmp_path.iterdir()] == ["first"]


def test_what_a_copy_left_that_was_broken_off_is_not_used(tmp_path: Path) -> None:
    first, kept = model(tmp_path, "first"), tmp_path / "kept"
    for name in ("incomplete", "aa"):
        (kept / name / "device-0").mkdir(parents=True)
    deployed = DeployedModels(kept)
    deployed.use("aa")
    assert deployed.in_use(first) == first
    deployed.keep(model(tmp_path / "sent", "aa"), "aa")
    assert deployed.in_use(first) == kept / "aa"
    assert sorted(each.name for each in kept.iterdir()) == ["aa", "in-use.json"]
