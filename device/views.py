"""Loads what a device sees: its own strip of every image, and no label."""

from pathlib import Path

from common.config import RunConfig
from common.data.catalog import fingerprint, load_images
from common.data.views import row_view
from device.worker import Views


def load_views(config: RunConfig, link: int, data_dir: Path | None) -> Views:
    """The link's part of both splits.

    Raises:
        DataError: the data are missing or damaged.
    """
    name, overlap = config.data.name, config.data.overlap
    return Views(
        train=row_view(load_images(name, "train", data_dir), config.links, link, overlap),
        test=row_view(load_images(name, "test", data_dir), config.links, link, overlap),
        data_digest=fingerprint(name, data_dir),
    )
