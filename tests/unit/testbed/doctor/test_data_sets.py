"""The data sets that are at hand."""

from pathlib import Path

import pytest

from splitwave.common.data.cifar10 import IMPORTED_FOLDER, RECORD_BYTES, TEST_FILE
from splitwave.testbed.doctor.data_sets import check_data_sets
from splitwave.testbed.doctor.finding import Circumstances, Finding, Outcome
from tests.entry_points import add_entry_points
from tests.unit.common.data.test_cifar10 import write_data_set

MNIST_IMAGES = "train-images-idx3-ubyte"


def examined(data_dir: Path | None) -> dict[str, Finding]:
    return {finding.name: finding for finding in check_data_sets(Circumstances(data_dir, Path("results")))}


def test_a_complete_data_set_is_counted(tmp_path: Path) -> None:
    write_data_set(tmp_path, {"data_batch_1.bin": bytes(12 * RECORD_BYTES), TEST_FILE: bytes(RECORD_BYTES)})

    findings = examined(tmp_path)

    assert findings["cifar10-jpeg"] == Finding("cifar10-jpeg", "complete, 12 training and 1 test samples")
    assert findings["mnist5k"].value == "complete, 4,000 training and 1,000 test samples"
    assert findings["data directory"].value == str(tmp_path)


def test_a_missing_data_set_is_a_note(tmp_path: Path) -> None:
    findings = examined(tmp_path)

    assert findings["mnist"].outcome is Outcome.NOTE
    assert findings["mnist"].value.startswith(f"MNIST: {MNIST_IMAGES} is missing; looked for {tmp_path}")
    assert findings["cifar10"].outcome is Outcome.NOTE


def test_a_damaged_file_is_a_failure(tmp_path: Path) -> None:
    write_data_set(tmp_path, {"data_batch_1.bin": bytes(RECORD_BYTES), TEST_FILE: bytes(RECORD_BYTES)})
    (tmp_path / IMPORTED_FOLDER / TEST_FILE).write_bytes(bytes(RECORD_BYTES - 1))
    (tmp_path / MNIST_IMAGES).write_text("<!DOCTYPE html>")

    findings = examined(tmp_path)

    for name, file in (("cifar10-jpeg", TEST_FILE), ("mnist", MNIST_IMAGES)):
        assert findings[name].outcome is Outcome.FAILED
        assert f"{file} holds other data" in findings[name].value


def test_nothing_is_downloaded_and_a_damaged_download_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert examined(None)["mnist"].value == "not downloaded yet; a run that needs it downloads it"
    assert list(tmp_path.iterdir()) == []

    cache = tmp_path / "splitwave" / "mnist"
    cache.mkdir(parents=True)
    (cache / f"{MNIST_IMAGES}.gz").write_bytes(b"cut off")

    finding = examined(None)["mnist"]
    assert finding.outcome is Outcome.FAILED
    assert finding.remedy == "delete the file to have it downloaded again"


def test_a_data_directory_that_does_not_exist_is_a_failure(tmp_path: Path) -> None:
    finding = examined(tmp_path / "nowhere")["data directory"]

    assert finding.outcome is Outcome.FAILED
    assert str(tmp_path / "nowhere") in finding.value


def test_a_data_set_of_a_broken_package_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.datasets]\nbroken = no_such_module:DATA\n")

    finding = examined(tmp_path)["broken"]

    assert finding.outcome is Outcome.FAILED
    assert "no_such_module" in finding.value
