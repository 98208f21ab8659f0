"""Sources: their samples, refusals and warnings."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splitwave.common.errors import DataError
from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.sources.choice import SourceOptions, open_source

SHAPE = (1, 2, 5)
PIXELS = np.arange(10, dtype=np.uint8).reshape(2, 5)


def opened(name: object, reports: list[str] | None = None, shape: tuple[int, ...] = SHAPE, **options: Any) -> list[Any]:
    found = reports if reports is not None else []
    return list(open_source(SourceOptions(str(name), **options), shape, found.append))


def pixels_of(items: Iterable[object]) -> list[list[int]]:
    return [np.asarray(item.x).reshape(-1).tolist() for item in items if isinstance(item, Sample)]


@pytest.mark.parametrize("array", [PIXELS, PIXELS[None], PIXELS.reshape(10)])
def test_an_array_of_the_shape_of_a_sample_is_one_sample(array: "np.ndarray[Any, Any]", tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", array)
    (sample,) = opened(tmp_path / "x.npy")
    assert (sample.x.shape, pixels_of([sample])) == (array.shape, [PIXELS.reshape(-1).tolist()])


def test_the_first_axis_of_a_larger_array_counts_samples(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.stack([PIXELS, PIXELS + 1, PIXELS + 2]).astype(np.float32))
    samples = opened(tmp_path / "x.npy")
    assert [sample.x[0, 0] for sample in samples] == [0, 1, 2]
    assert samples[2].origin == f"{tmp_path / 'x.npy'}[2]"


def test_an_archive_gives_the_array_that_is_named_or_its_only_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", x=PIXELS[None], y=PIXELS[None] + 1)
    np.savez(tmp_path / "one.npz", x=PIXELS)
    assert pixels_of(opened(f"npz:{tmp_path / 'two.npz'}:y")) == [(PIXELS + 1).reshape(-1).tolist()]
    assert pixels_of(opened(f"npz:{tmp_path / 'one.npz'}")) == pixels_of(opened(tmp_path / "one.npz"))
    with pytest.raises(DataError, match=r"several arrays; name one of x, y, as in npz:.*two\.npz:x"):
        opened(f"npz:{tmp_path / 'two.npz'}")
    with pytest.raises(DataError, match="no array 'z'; name one of x, y"):
        opened(f"npz:{tmp_path / 'two.npz'}:z")


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (PIXELS.astype(np.float64), "shape (2, 5), dtype float64"),
        (np.zeros((3, 11), np.float32), "shape (3, 11), dtype float32"),
        (np.float32(1), "shape (), dtype float32"),
    ],
)
def test_a_file_with_another_kind_of_array_is_refused_at_once(
    array: "np.ndarray[Any, Any]", reason: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DataError) as refused:
        opened(tmp_path / "x.npy")
    assert reason in str(refused.value)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x05\x06junk", b"\x93NUMPYjunk", b"\x80\x04K\x01."])
def test_a_damaged_file_is_one_error(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: "):
        opened(tmp_path / name)


def test_an_image_is_grey_or_coloured_as_the_models_input(tmp_path: Path) -> None:
    colours = np.stack([PIXELS, PIXELS + 50, PIXELS + 100], axis=-1)
    Image.fromarray(colours).save(tmp_path / "a.png")
    (coloured,) = opened(tmp_path / "a.png", shape=(3, 2, 5))
    np.testing.assert_array_equal(coloured.x, colours.transpose(2, 0, 1))
    Image.fromarray(PIXELS).save(tmp_path / "grey.png")
    (grey,) = opened(tmp_path / "grey.png")
    assert (grey.x.shape, grey.x.dtype, pixels_of([grey])) == ((1, 2, 5), np.uint8, [PIXELS.reshape(-1).tolist()])


def test_an_image_of_another_size_is_refused_unless_it_may_be_resized(tmp_path: Path) -> None:
    Image.new("L", (28, 28), 9).save(tmp_path / "a.png")
    (error,) = opened(tmp_path / "a.png")
    assert isinstance(error, SampleError)
    assert "an image of 28 × 28 pixels: expected 5 × 2" in str(error)
    assert pixels_of(opened(tmp_path / "a.png", resize=True)) == [[9] * 10]


def test_a_folder_gives_its_files_by_name_and_skips_other_kinds_with_one_warning(tmp_path: Path) -> None:
    for place, name in enumerate(["b.png", "a.JPG", "c.png"]):
        Image.new("L", (5, 2), 10 * place).save(tmp_path / name)
    np.save(tmp_path / "d.npy", PIXELS)
    for name in ("notes.txt", "z.csv", ".hidden"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.png").write_text("no image")
    reports: list[str] = []
    items = opened(tmp_path, reports)
    assert [values[1] for values in pixels_of(items)] == [10, 0, 20, 1]
    (error,) = (item for item in items if isinstance(item, SampleError))
    assert str(error).startswith(f"{tmp_path / 'broken.png'}: ")
    assert reports == [f"{tmp_path}: skipped 2 files of a kind that holds no samples, such as notes.txt"]


def test_a_folder_without_samples_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file that holds samples"):
        opened(tmp_path)


def test_an_archive_without_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz")
    with pytest.raises(DataError, match=r"x\.npz: an \.npz file without arrays"):
        opened(tmp_path / "x.npz")


@pytest.mark.parametrize("damage", [b"'shape': (2, (4!", b"'shape': (\xc0"])
def test_a_damaged_header_is_refused(damage: bytes, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    content = (tmp_path / "x.npy").read_bytes()
    place = content.index(b"'shape': (")
    (tmp_path / "x.npy").write_bytes(content[:place] + damage + content[place + len(damage) :])
    with pytest.raises(DataError, match=r"x\.npy: not an array of NumPy that can be read"):
        opened(tmp_path / "x.npy")


def test_damaged_compressed_data_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.tile(PIXELS, (50, 1, 1)))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[60:70] = b"\xff" * 10
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.npz: not an \.npz file that can be read"):
        opened(tmp_path / "x.npz")


def test_a_folder_keeps_no_file_open(tmp_path: Path) -> None:
    for number in range(40):
        np.save(tmp_path / f"{number:02}.npy", PIXELS)
    before = len(list(Path("/proc/self/fd").iterdir()))
    samples = open_source(SourceOptions(str(tmp_path)), SHAPE, print)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
    assert len(list(samples)) == 40


@pytest.mark.parametrize("rows", [2**40, 2**70])
@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_a_header_with_a_size_that_nothing_holds_is_refused(name: str, rows: int, tmp_path: Path) -> None:
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (rows, 10)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.write(tmp_path / "x.npy", "x.npy")
    with pytest.raises(DataError, match=f"{name}: not an .* that can be read"):
        opened(tmp_path / name)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=PIXELS)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # of the file's header, and of the directory's
        content[content.index(signature) + flags] |= 1
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.npz: not an \.npz file that can be read: .*encrypted"):
        opened(tmp_path / "x.npz")
