"""`splitwave data import-images`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from splitwave.common.data.cifar10 import CIFAR10_JPEG, IMPORTED_FOLDER
from splitwave.common.data.dataset import Split
from splitwave.common.errors import DataError
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed import image_import
from splitwave.testbed.cli import app
from splitwave.testbed.image_import import import_images

CLASSES = [f"class-{letter}" for letter in "abcdefghij"]
Pixels = NDArray[np.uint8]


def pixels_of(split: Split, number: int, image: int) -> Pixels:
    rng = np.random.default_rng([split == "test", number, image])
    return rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two training images and one test image for each of ten classes, as PNG, which preserves every pixel."""
    folder = tmp_path / "images"
    splits: list[tuple[Split, int]] = [("train", 2), ("test", 1)]
    for split, count in splits:
        for number, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True)
            for image in range(count):
                Image.fromarray(pixels_of(split, number, image)).save(folder / split / name / f"{image}.png")
    return folder


def test_imported_images_are_read_back_by_class_and_name(source: Path, tmp_path: Path) -> None:
    (source / "train" / ".DS_Store").write_text("hidden")

    folder, counts = import_images(source, tmp_path / "data")

    assert (folder, counts) == (tmp_path / "data" / IMPORTED_FOLDER, {"train": 20, "test": 10})
    train = CIFAR10_JPEG.load_images("train", tmp_path / "data")
    expected = [pixels_of("train", number, image) for number in range(10) for image in range(2)]
    assert np.array_equal(train, np.stack(expected).transpose(0, 3, 1, 2))
    assert CIFAR10_JPEG.load_labels("train", tmp_path / "data").tolist() == [n for n in range(10) for _ in range(2)]
    assert CIFAR10_JPEG.load_labels("test", tmp_path / "data").tolist() == list(range(10))
    assert (folder / "batches.meta.txt").read_text().splitlines() == CLASSES
    assert [path.name for path in (tmp_path / "data").iterdir()] == [IMPORTED_FOLDER]


def test_training_images_are_spread_over_files_of_bounded_size(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_import, "_FILE_RECORDS", 3)
    folder, _ = import_images(source, tmp_path)
    sizes = [path.stat().st_size / 3073 for path in sorted(folder.glob("data_batch_*.bin"))]
    assert sizes == [3, 3, 3, 3, 3, 3, 2]
    assert np.array_equal(CIFAR10_JPEG.load_labels("train", tmp_path), np.repeat(np.arange(10), 2))


def test_a_grey_image_has_three_equal_planes(source: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((32, 32), 77, dtype=np.uint8)).save(source / "test" / CLASSES[0] / "0.png")
    import_images(source, tmp_path)
    assert (CIFAR10_JPEG.load_images("test", tmp_path)[0] == 77).all()


def not_an_image(source: Path) -> None:
    (source / "train" / CLASSES[3] / "notes.txt").write_text("none")


def truncated(source: Path) -> None:
    path = source / "train" / CLASSES[3] / "1.png"
    path.write_bytes(path.read_bytes()[:600])


def wrong_size(source: Path) -> None:
    Image.new("RGB", (32, 28)).save(source / "test" / CLASSES[9] / "0.png")


def no_test_split(source: Path) -> None:
    (source / "test").rename(source / "validation")


def loose_file(source: Path) -> None:
    (source / "train" / "README").write_text("about")


def empty_class(source: Path) -> None:
    (source / "test" / CLASSES[5] / "0.png").unlink()


def nine_classes(source: Path) -> None:
    (source / "train" / CLASSES[0]).rename(source / CLASSES[0])


def other_classes(source: Path) -> None:
    (source / "test" / CLASSES[0]).rename(source / "test" / "aardvark")


@pytest.mark.parametrize("existing", ["data", "."])
@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (not_an_image, "train/class-d/notes.txt is not an image"),
        (truncated, "train/class-d/1.png is not an image"),
        (wrong_size, "test/class-j/0.png has 32 × 28 pixels, expected 32 × 32"),
        (no_test_split, "test is not a folder"),
        (loose_file, "train/README is a file"),
        (empty_class, "test/class-f holds no images"),
        (nine_classes, "train holds 9 class folders, expected 10"),
        (other_classes, "the class aardvark is in one of"),
    ],
)
def test_an_invalid_source_is_named_and_leaves_nothing_behind(
    spoil: Callable[[Path], None], named: str, source: Path, tmp_path: Path, existing: str
) -> None:
    spoil(source)
    there = tmp_path / "there" / existing
    there.mkdir(parents=True)
    with pytest.raises(DataError, match=named):
        import_images(source, tmp_path / "there" / "data" / "sets")
    assert there.is_dir()
    assert list(there.iterdir()) == []


def test_a_failed_import_keeps_files_that_others_added_meanwhile(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"

    def write_beside(folder: Path, _splits: object) -> None:
        (folder.parent / "theirs").write_text("a file")
        raise DataError("a disk that fails")

    monkeypatch.setattr(image_import, "_write", write_beside)
    with pytest.raises(DataError, match="a disk that fails"):
        import_images(source, data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["theirs"]


def test_a_data_set_is_never_overwritten(source: Path, tmp_path: Path) -> None:
    folder, _ = import_images(source, tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DataError, match=f"{IMPORTED_FOLDER} exists and is not overwritten"):
        import_images(source, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_command_prints_the_number_of_images_and_the_folder(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPLITWAVE_DATA_DIR", raising=False)
    nowhere = CliRunner().invoke(app, ["data", "import-images", str(source)])
    assert (nowhere.exit_code, "--out: name the data directory" in nowhere.stderr) == (ExitCode.CONFIG, True)

    done = CliRunner().invoke(app, ["data", "import-images", str(source), "--out", str(tmp_path)])
    expected = f"20 training and 10 test images of cifar10-jpeg are in {tmp_path / IMPORTED_FOLDER}\n"
    assert (done.exit_code, done.stdout) == (ExitCode.OK, expected)

    again = CliRunner().invoke(app, ["data", "import-images", str(source), "--out", str(tmp_path)])
    assert again.exit_code == ExitCode.DATA
