"""The data sets `cifar10` and `cifar10-jpeg`: colour images of ten classes in CIFAR-10's binary format.

`cifar10` is the binary distribution, 50,000 training and 10,000 test images [Krizhevsky, 2009]. A file holds records of
3,073 bytes: the class, then the red, the green and the blue plane of 32 × 32 pixels, row by row. `cifar10-jpeg` is made
of a folder of images by `splitwave data import-images`: files of the same format with any number of records, and a list
of checksums beside them. It has a name of its own because its pixels went through a lossy format. A record holds class
and pixels, so every party opens files that hold both.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.content import Algorithm, verified_content
from splitwave.common.data.dataset import ImageShape, Split
from splitwave.common.errors import DataError, MissingDataError
from splitwave.common.files.denied import reason_of
from splitwave.common.tasks.classification import Classification

IMAGE_SHAPE: ImageShape = (3, 32, 32)
CLASSES = 10
RECORD_BYTES = 1 + 3 * 32 * 32
TEST_FILE = "test_batch.bin"
CHECKSUMS_FILE = "SHA256SUMS"
IMPORTED_FOLDER = "cifar10-jpeg-batches-bin"

SOURCE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"

# Nobody publishes stronger hashes of the single files; these find a mixed-up or damaged file.
MD5 = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    TEST_FILE: "803d5f7f4d78ea53de84dbe85f74fb6d",
}


@dataclass(frozen=True, slots=True)
class CifarFolder:
    """A data set in a folder of CIFAR-10's binary format.

    Attributes:
        name: the name in `data.name`.
        folder: the folder within the data directory that holds the files.
        algorithm: the algorithm of the checksums.
        checksums: gives the files of a folder in order, training first, with the checksum of each.
        remedy: how to get the data, for error messages; DIR stands for the data directory.
    """

    name: str
    folder: str
    algorithm: Algorithm
    checksums: Callable[[Path], Mapping[str, str]]
    remedy: str

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — the protocol's name
        """(3, 32, 32)."""
        return IMAGE_SHAPE

    @property
    def TASK(self) -> Classification:  # noqa: N802 — likewise
        """Ten classes."""
        return Classification(CLASSES)

    @property
    def DOWNLOADED(self) -> None:  # noqa: N802 — likewise
        """Nothing is downloaded."""
        return

    def load_images(self, split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
        """(N, 3, 32, 32) uint8 images: red, green and blue planes, in the order of the files.

        Args:
            split: "train" or "test".
            data_dir: holds the folder `folder`; there is no other source.

        Raises:
            DataError: if a file is missing, or has other content.
        """
        return self._records(split, data_dir)[:, 1:].copy().reshape(-1, *IMAGE_SHAPE)

    def load_labels(self, split: Split, data_dir: Path | None) -> NDArray[np.int64]:
        """(N,) int64 classes 0 to 9, in the order of the images; arguments and errors as for `load_images`."""
        return self._records(split, data_dir)[:, 0].astype(np.int64)

    def content_digest(self, split: Split, data_dir: Path | None) -> str:
        """SHA-256 of the contents of the split's files, which are read; errors as for `load_images`."""
        return hashlib.sha256(self._content(split, data_dir)).hexdigest()

    def verify(self, split: Split, data_dir: Path | None) -> int:
        """N of a split, after a check of its files; arguments and errors as for `load_images`."""
        return len(self._records(split, data_dir))

    def _records(self, split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
        """(N, RECORD_BYTES), read-only."""
        content = self._content(split, data_dir)
        if not content or len(content) % RECORD_BYTES:
            raise DataError(f"{self.name}: {len(content)} bytes of {split} images are not records of {RECORD_BYTES}")
        records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD_BYTES)
        highest = int(records[:, 0].max())
        if highest >= CLASSES:
            raise DataError(f"{self.name}: class {highest} among the {split} images, expected 0 to {CLASSES - 1}")
        return records

    def _content(self, split: Split, data_dir: Path | None) -> bytes:
        try:
            folder = self._existing(data_dir)
            files = {
                name: sum_ for name, sum_ in self.checksums(folder).items() if (name == TEST_FILE) == (split == "test")
            }
            return b"".join(verified_content(folder / name, sum_, self.algorithm) for name, sum_ in files.items())
        except DataError as error:
            raise type(error)(f"{self.name}: {error}. {self.remedy}") from error

    def _existing(self, data_dir: Path | None) -> Path:
        if data_dir is None:
            raise MissingDataError("it is read from a data directory, and none was named")
        folder = data_dir / self.folder
        try:
            exists = folder.is_dir()
        except PermissionError as error:
            raise DataError(reason_of(error)) from error
        if not exists:
            raise MissingDataError(f"the folder {folder} does not exist")
        return folder


def checksum_list(content: Mapping[str, str]) -> str:
    """The text of a list of checksums by file name, as `sha256sum --check` reads it."""
    return "".join(f"{checksum}  {name}\n" for name, checksum in content.items())


def read_checksum_list(folder: Path) -> dict[str, str]:
    """The checksums by file name that lie beside an imported data set's files.

    Raises:
        DataError: if the list is missing, or has another format.
    """
    path = folder / CHECKSUMS_FILE
    try:
        rows = [line.split(maxsplit=1) for line in path.read_text(encoding="ascii").splitlines()]
        return {name: checksum for checksum, name in rows}
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a list of checksums: {error}") from error


CIFAR10 = CifarFolder(
    "cifar10",
    "cifar-10-batches-bin",
    "md5",
    lambda _folder: MD5,
    f"Unpack {SOURCE} in a folder DIR, and name that: --data-dir DIR, or SPLITWAVE_DATA_DIR",
)
CIFAR10_JPEG = CifarFolder(
    "cifar10-jpeg",
    IMPORTED_FOLDER,
    "sha256",
    read_checksum_list,
    "Make it of the images with `splitwave data import-images IMAGES --out DIR`, and name DIR: --data-dir DIR, or "
    "SPLITWAVE_DATA_DIR",
)
