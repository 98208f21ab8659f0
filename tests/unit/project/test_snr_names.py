"""Every axis and column of a signal-to-noise ratio says which: docs/explanation/snr.md."""

import re

from tests.unit.project.sources import tracked

AXES = {"PSNR (dB)", "average SNR (dB)", "Es/N0 (dB)", "Eb/N0 (dB)"}
COLUMNS = {"psnr_db", "average_snr_db", "es_n0_db", "eb_n0_db"}
QUALIFIER = re.compile(r"^(peak|trained|tested|training|test|measured)_")
RATIO = re.compile(r"SNR|N0", re.IGNORECASE)

MODULES = {
    name: text
    for name, text in tracked("*.py").items()
    if name.startswith(("benchmarks/", "common/", "experiments/", "testbed/", "tools/"))
}


def test_axes_say_which_ratio_they_are_of() -> None:
    labels = {
        label for text in MODULES.values() for label in re.findall(r"\"([^\"\n]*\(dB\))\"", text) if RATIO.search(label)
    }
    assert "PSNR (dB)" in labels
    assert labels <= AXES


def test_columns_and_keys_say_which_ratio_they_are_of() -> None:
    names = {name for text in MODULES.values() for name in re.findall(r"\"([a-z0-9_]*(?:snr|n0)_db)\"", text)}
    assert {QUALIFIER.sub("", name) for name in names} <= COLUMNS
