"""Downloads of public data files into a cache, kept only when their content is what was published."""

from collections.abc import Sequence
from pathlib import Path

import pooch

from splitwave.common.data.content import verified_content
from splitwave.common.errors import DataError


def fetch(file_name: str, sha256: str, mirrors: Sequence[str], cache: Path) -> Path:
    """The path of a file in the cache; a missing file is downloaded from the first mirror that serves it intact.

    A file gets its name in the cache only when it is complete and verified, so several processes may fetch it at once.
    A file that is in the cache already is not read here.

    Args:
        file_name: name of the file on the mirrors and in the cache.
        sha256: SHA-256 of its uncompressed content, in hexadecimal.
        mirrors: base URLs, each ending in a slash, in order of preference.
        cache: folder to keep the file in; made if missing.

    Raises:
        DataError: if no mirror serves the file intact, with the reason of each.
    """

    def download_verified(url: str, output_file: str, mirror: object) -> None:
        pooch.HTTPDownloader()(url, output_file, mirror)
        verified_content(Path(output_file), sha256)

    failures = []
    for base_url in mirrors:
        mirror = pooch.create(path=cache, base_url=base_url, registry={file_name: None})
        try:
            return Path(mirror.fetch(file_name, downloader=download_verified))
        except (OSError, DataError) as error:
            failures.append(f"{base_url}: {error}")
    raise DataError(f"{file_name} could not be downloaded into {cache}: " + "; ".join(failures))
