"""The readable end of a log."""

import json
from pathlib import Path

from testbed.log_tail import last_lines


def test_json_lines_are_cut_down_to_what_happened(tmp_path: Path) -> None:
    log = tmp_path / "device-0.log"
    line = {"event": "link lost", "link": 3, "level": "error", "timestamp": "now", "role": "device", "run": "r"}
    log.write_text(json.dumps(line) + "\n")

    assert last_lines(log, 15) == ["link lost (link=3)"]


def test_a_traceback_beside_the_event_is_shown_below_it(tmp_path: Path) -> None:
    log = tmp_path / "channel.log"
    log.write_text(json.dumps({"event": "unforeseen error", "exception": "Traceback:\n  KeyError: 'x'"}))

    assert last_lines(log, 15) == ["unforeseen error", "Traceback:", "  KeyError: 'x'"]


def test_lines_that_are_not_events_stay_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "basestation.log"
    log.write_bytes(b"Fatal Python error\n[1, 2]\n{}\n\xff\n")

    assert last_lines(log, 15) == ["Fatal Python error", "[1, 2]", "{}", "\ufffd"]


def test_only_the_last_lines_are_read(tmp_path: Path) -> None:
    log = tmp_path / "basestation.log"
    log.write_text("".join(json.dumps({"event": f"epoch {n}"}) + "\n" for n in range(100)))

    assert last_lines(log, 3) == ["epoch 97", "epoch 98", "epoch 99"]


def test_a_missing_log_is_an_empty_one(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "never.log", 3) == []
