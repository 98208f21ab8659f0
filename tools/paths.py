"""Folders and pages of the repository that several tools read or write."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "docs" / "results"
"""The published results, and the pages about them."""

OVERVIEW = PUBLISHED / "README.md"
"""The page with the tables of all results, in blocks between markers."""
