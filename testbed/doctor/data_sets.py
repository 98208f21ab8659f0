"""The data sets: which are at hand, and whether their files are intact. Nothing is downloaded."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from splitwave.common.data.catalog import DATA_SETS
from splitwave.common.data.dataset import DataSet, Split
from splitwave.common.errors import ConfigError, DataError, MissingDataError
from splitwave.common.files.user_folders import cache_folder
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note
from splitwave.testbed.execution import existing_data_dir

_NO_CACHE = "name a data directory (--data-dir)"


def check_data_sets(circumstances: Circumstances) -> Iterator[Finding]:
    """Verify the files of every data set in the data directory, in the cache of downloads, or in its package."""
    try:
        data_dir = existing_data_dir(circumstances.data_dir)
    except DataError as error:
        yield failed("data directory", str(error), "make the folder, or correct the option or the variable")
        data_dir = None
    else:
        yield Finding("data directory", str(data_dir or "none is named"))
    for name in DATA_SETS.names:
        try:
            yield data_set_finding(name, DATA_SETS.load(name), data_dir)
        except ConfigError as error:
            yield failed(name, str(error), "install the package that adds this data set again, or remove it")


def data_set_finding(name: str, data_set: DataSet, data_dir: Path | None) -> Finding:
    """Verify both splits of a data set; one without files is a note, because no run may need it."""
    cached = data_dir is None and data_set.DOWNLOADED is not None
    try:
        train, test = (
            data_set.verify(split, cache_folder(_NO_CACHE) if cached else data_dir) for split in get_args(Split)
        )
    except MissingDataError as error:
        if cached:
            return note(name, "not downloaded yet; a run that needs it downloads it")
        return note(name, str(error))
    except (ConfigError, DataError, OSError) as error:
        remedy = "delete the file to have it downloaded again" if cached else "replace the file, or the whole data set"
        return failed(name, str(error), remedy)
    return Finding(name, f"complete, {train:,} training and {test:,} test samples")
