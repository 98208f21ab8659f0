"""The page about link adaptation has the numbers of the published file."""

from splitwave.experiments.adaptation.report import read, savings
from tools.publish_adaptation import FOLDER, PAGE, published


def test_the_page_is_written_from_the_file() -> None:
    assert PAGE.read_text(encoding="utf-8") == published()


def test_the_file_has_three_seeds_and_a_saving_at_equal_error() -> None:
    rows = read([FOLDER / "adaptation.csv"])
    assert {row.seed for row in rows} == {0, 1, 2}
    assert max(saving.airtime.mean for saving in savings(rows)) > 0
