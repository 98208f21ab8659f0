from pathlib import Path

import pytest

from tests.unit.tools.finished_figure import write_figure


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A folder with a finished figure."""
    write_figure(tmp_path)
    return tmp_path
