"""Write the pages that follow from the code: `python -m tools.reference_pages`.

`docs/reference/configuration.md` comes from the JSON schema of `RunConfig`, `docs/reference/cli.md` from the help
texts of the commands, and the code in the guides from the toy package. All are committed, so that they can be read
beside the code; tests compare them with it.
"""

import sys
from collections.abc import Callable, Mapping

from tools.guide_code import GUIDES, with_code
from tools.paths import ROOT
from tools.reference_cli import cli_page
from tools.reference_settings import settings_page

REFERENCE = ROOT / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {"configuration.md": settings_page, "cli.md": cli_page}


def main() -> int:
    """Write all pages, and the code in the guides."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(REFERENCE / name)
    for guide in GUIDES:
        guide.write_text(with_code(guide.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
