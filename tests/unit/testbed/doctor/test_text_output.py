"""The encodings of text."""

import pytest

from splitwave.testbed.doctor.finding import Outcome
from splitwave.testbed.doctor.text_output import encoding_finding


@pytest.mark.parametrize(("encoding", "outcome"), [("utf-8", "ok"), ("latin-1", "note"), ("ascii", "note")])
def test_an_encoding_without_greek_letters_is_a_note(encoding: str, outcome: str) -> None:
    finding = encoding_finding("standard output", encoding)

    assert finding.outcome == outcome
    assert (finding.remedy is None) is (finding.outcome is Outcome.OK)
