"""The last lines of a log in readable form."""

import json
from pathlib import Path

from splitwave.testbed.processes.log_tail import final_error, last_lines


def test_json_lines_are_reduced_to_the_event_and_its_details(tmp_path: Path) -> None:
    log = tmp_path / "device-0.log"
    line = {"event": "link lost", "link": 3, "level": "error", "timestamp": "now", "role": "device", "run": "r"}
    log.write_text(json.dumps(line) + "\n")

    assert last_lines(log, 15) == ["link lost (link=3)"]


def test_a_traceback_beside_the_event_is_shown_below_it(tmp_path: Path) -> None:
    log = tmp_path / "channel.log"
    log.write_text(json.dumps({"event": "unforeseen error", "exception": "Traceback:\n  KeyError: 'x'"}))

    assert last_lines(log, 15) == ["unforeseen error", "Traceback:", "  KeyError: 'x'"]


def test_lines_that_are_not_events_are_unchanged(tmp_path: Path) -> None:
    log = tmp_path / "basestation.log"
    log.write_bytes(b"Fatal Python error\n[1, 2]\n{}\n\xff\n")

    assert last_lines(log, 15) == ["Fatal Python error", "[1, 2]", "{}", "\ufffd"]


def test_only_the_last_lines_are_read(tmp_path: Path) -> None:
    log = tmp_path / "basestation.log"
    log.write_text("".join(json.dumps({"event": f"epoch {n}"}) + "\n" for n in range(100)))

    assert last_lines(log, 3) == ["epoch 97", "epoch 98", "epoch 99"]


def test_a_missing_log_is_an_empty_one(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "never.log", 3) == []
    assert final_error(tmp_path / "never.log", 3) is None


def test_the_final_error_is_logged_with_the_exit_code(tmp_path: Path) -> None:
    log = tmp_path / "basestation.log"
    foreseen = {"event": "no data", "exit_code": "DATA"}
    log.write_text("\n".join(map(json.dumps, [{"event": "serving"}, foreseen])) + "\nleaked semaphore\n")
    assert final_error(log, 15) == "no data"
    assert final_error(log, 1) is None


def test_an_unexpected_error_is_left_to_its_traceback(tmp_path: Path) -> None:
    log = tmp_path / "basestation.log"
    log.write_text(json.dumps({"event": "unforeseen error", "exit_code": "FAILURE", "exception": "KeyError"}))
    assert final_error(log, 15) is None
