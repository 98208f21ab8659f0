"""Write the reference pages that follow from the code: `python -m tools.reference_pages`.

`docs/reference/configuration.md` comes from the JSON schema of `RunConfig`, `docs/reference/cli.md` from what the
commands print for `--help`. Both are committed, so that they can be read beside the code; a test holds them to it.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.reference_cli import cli_page
from tools.reference_settings import settings_page

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {"configuration.md": settings_page, "cli.md": cli_page}


def main() -> int:
    """Write all pages."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(REFERENCE / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
