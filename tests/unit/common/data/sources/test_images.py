"""The source `images`: folders of images of any size and mode, and files in them that are none."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splitwave.common.data.catalog import inspect, remarks
from splitwave.common.data.sources import image_folders, images, source
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.errors import DataError, MissingDataError

SEVEN = ("ash", "birch", "elm", "fir", "lime", "oak", "yew")
OPTIONS = SourceOptions("images", path="trees", size=(24, 16))
RED, BLUE = (250, 0, 0), (0, 0, 250)


def paint(path: Path, side: int, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(side).integers(0, 256, (side, side + 1, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


def plant(root: Path, splits: tuple[str, ...] = ("train/", "test/")) -> None:
    """Seven classes of images with sides from 20 to 64, RGB."""
    for split in splits:
        for number, name in enumerate(SEVEN):
            for place in range(4):
                paint(root / "trees" / f"{split}{name}" / f"{place}.png", 20 + 7 * number - 2 * place + 6)


def test_images_of_any_size_are_resized_and_sorted_by_class_and_name(tmp_path: Path) -> None:
    plant(tmp_path)
    facts = inspect(OPTIONS, tmp_path)
    pixels = images.read_inputs(OPTIONS, "train", tmp_path)

    assert facts.shapes == ((3, 24, 16),)
    assert facts.classes == 7
    assert images.read_targets(OPTIONS, "train", tmp_path).tolist() == [n for n in range(7) for _ in range(4)]
    with Image.open(tmp_path / "trees" / "train" / "birch" / "0.png") as image:
        expected = np.asarray(image.resize((16, 24), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    np.testing.assert_array_equal(pixels[4], expected)


def test_images_of_one_size_need_no_size_and_others_do(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in "ab":
            paint(tmp_path / "trees" / split / name / "0.png", 9)
    asked = replace(OPTIONS, size=None, colour="grey")
    assert inspect(asked, tmp_path).shapes == ((1, 9, 10),)
    paint(tmp_path / "trees" / "train" / "b" / "1.png", 8)
    with pytest.raises(DataError, match=r"b/1\.png has 9 × 8 pixels, and other images 10 × 9: set data\.size"):
        inspect(asked, tmp_path)


def test_a_keyed_split_does_not_depend_on_other_files(tmp_path: Path) -> None:
    plant(tmp_path, splits=("",))
    asked = replace(OPTIONS, test_share=0.4)
    test = image_folders.list_split(asked, "test", tmp_path).names
    train = image_folders.list_split(asked, "train", tmp_path).names

    paint(tmp_path / "trees" / "elm" / "another.png", 30)

    assert sorted((*train, *test)) == sorted(f"{name}/{place}.png" for name in SEVEN for place in range(4))
    assert 5 <= len(test) <= 17
    now = image_folders.list_split(asked, "test", tmp_path).names
    assert [name for name in now if "another" not in name] == list(test)


def spoil(tmp_path: Path) -> Path:
    plant(tmp_path)
    root = tmp_path / "trees" / "train"
    paint(root / "ash" / "0.png", 20, "L")
    paint(root / "elm" / "2.png", 20, "RGBA")
    broken = root / "oak" / "1.png"
    broken.write_bytes(broken.read_bytes()[:300])
    (root / "yew" / "3.png").write_text("no image")
    return root


def test_files_that_are_no_images_are_counted_and_named(tmp_path: Path) -> None:
    root = spoil(tmp_path)
    with pytest.raises(DataError) as caught:
        inspect(OPTIONS, tmp_path)
    text = str(caught.value)
    assert text.startswith(f"{root}: 2 of 28 files cannot be used, oak/1.png (")
    assert "yew/3.png (cannot identify image file" in text
    assert text.endswith("data.damaged_files = skip leaves such files out")
    assert "\n" not in text


def test_files_that_are_no_images_are_left_out_if_asked(tmp_path: Path) -> None:
    spoil(tmp_path)
    asked = replace(OPTIONS, damaged_files="skip")
    facts = inspect(asked, tmp_path)
    assert facts.classes == 7
    assert len(images.read_inputs(asked, "train", tmp_path)) == 26
    assert (
        images.read_targets(asked, "train", tmp_path).tolist()
        == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 3 + [6] * 3
    )
    (remark,) = remarks(asked, tmp_path)
    assert remark.startswith("images trees: 2 of 28 files cannot be used, oak/1.png (")


@pytest.mark.parametrize(("choice", "count"), [("convert", 26), ("skip", 24)])
def test_grey_and_transparent_images_are_converted_or_left_out(tmp_path: Path, choice: str, count: int) -> None:
    spoil(tmp_path)
    asked = replace(OPTIONS, damaged_files="skip", other_modes=choice)  # type: ignore[arg-type]
    assert len(images.read_inputs(asked, "train", tmp_path)) == count
    assert len(images.read_targets(asked, "train", tmp_path)) == count


def test_grey_and_transparent_images_are_counted_and_named_if_refused(tmp_path: Path) -> None:
    spoil(tmp_path)
    asked = replace(OPTIONS, damaged_files="skip", other_modes="refuse")
    with pytest.raises(DataError, match=r"4 of 28 files .*ash/0\.png \(mode L, not RGB\), elm/2\.png \(mode RGBA"):
        inspect(asked, tmp_path)


def test_images_of_16_bits_are_not_squeezed_into_8(tmp_path: Path) -> None:
    plant(tmp_path)
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(tmp_path / "trees" / "test" / "fir" / "0.png")
    with pytest.raises(DataError, match=r"fir/0\.png \(mode I;16, expected 8 bits a channel\)"):
        inspect(OPTIONS, tmp_path)


def test_an_image_that_unpacks_to_too_many_pixels_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path)
    monkeypatch.setattr(images, "MAX_PIXELS", 5000)
    Image.new("1", (100, 51)).save(tmp_path / "trees" / "test" / "fir" / "0.png")
    with pytest.raises(DataError, match=r"1 of 28 files .*fir/0\.png \(100 × 51 pixels, at most 5,000 are read\)"):
        inspect(OPTIONS, tmp_path)


def test_more_pixels_than_memory_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path)
    monkeypatch.setattr(source, "MAX_ARRAY_BYTES", 28 * 24 * 16 * 3 - 1)
    with pytest.raises(DataError, match="28 images: an array of 32,256 bytes; at most 32,255 are read"):
        inspect(OPTIONS, tmp_path)


def test_very_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path)
    monkeypatch.setattr(image_folders, "MAX_FILES", 10)
    with pytest.raises(DataError, match=r"more than 10 files up to .*elm: pack them as npz or idx"):
        inspect(OPTIONS, tmp_path)


def empty_class(root: Path) -> None:
    (root / "train" / "zelkova").mkdir()
    (root / "test" / "zelkova").mkdir()


def loop(root: Path) -> None:
    (root / "train" / "ash" / "loop").symlink_to(root / "train" / "ash" / "loop")


def folder_loop(root: Path) -> None:
    (root / "train" / "ash" / "again").symlink_to(root / "train")


def one_sided(root: Path) -> None:
    paint(root / "train" / "zelkova" / "0.png", 20)


def pipe(root: Path) -> None:
    os.mkfifo(root / "train" / "ash" / "pipe")


def loose_file(root: Path) -> None:
    paint(root / "train" / "0.png", 20)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (empty_class, "zelkova holds no images"),
        (loop, "ash/loop is no file"),
        (folder_loop, "ash/again is no file"),
        (pipe, "ash/pipe is no file"),
        (one_sided, "the class zelkova is in one of `train` and `test` only"),
        (loose_file, "train/0.png is no folder: expected one folder for each class"),
    ],
)
def test_folders_of_another_form_are_refused_in_one_line(tmp_path: Path, change: object, reason: str) -> None:
    plant(tmp_path)
    assert callable(change)
    change(tmp_path / "trees")
    with pytest.raises(DataError, match=re.escape(reason)):
        inspect(OPTIONS, tmp_path)


def test_missing_folders_are_reported_as_missing(tmp_path: Path) -> None:
    plant(tmp_path, splits=("",))
    with pytest.raises(MissingDataError, match=r"there is no folder .*train: expected train/CLASS/IMAGE"):
        inspect(OPTIONS, tmp_path)
