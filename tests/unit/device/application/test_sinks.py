"""Sinks: lines, and a web server that is slow, away or refuses."""

import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.application.answer import Answer
from splitwave.device.application.sinks.choice import open_sink
from splitwave.device.application.sinks.lines import LineSink
from splitwave.device.application.sinks.web_address import WebAddress
from splitwave.device.application.sinks.webhook import WebhookSink
from tests.limits import LIMIT_S

ANSWERS = [Answer(QueryName(0, sequence), Outcome.ANSWERED, sequence) for sequence in range(10)]


class Server(HTTPServer):
    """Takes posts; the first ones get the statuses in `statuses`, later ones 200. It waits for `open` before each."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = statuses
        self.bodies: list[str] = []
        self.paths: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.came = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"{self.shown}/answers"

    @property
    def shown(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Notes one post."""

    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.bodies.append(body)
        self.server.came.release()
        assert self.server.open.wait(LIMIT_S)
        self.server.paths.append(self.path)
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Location", f"{self.server.shown}/new")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(*statuses: int) -> Iterator[Server]:
    server = Server(list(statuses))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.open.set()
        server.shutdown()
        thread.join()
        server.server_close()


def sequences(server: Server) -> list[int]:
    return [json.loads(body)["sequence"] for body in server.bodies]


def test_lines_are_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("earlier\n")
    sink = open_sink(str(path), print)
    sink.write(ANSWERS[0])
    assert path.read_text() == f"earlier\n{ANSWERS[0].as_json()}\n"
    sink.close()


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        LineSink.of_file(tmp_path / "absent" / "answers.jsonl")


def test_another_stream_than_standard_output_is_closed() -> None:
    file = io.StringIO()
    sink = LineSink(file)
    sink.close()
    assert file.closed


def test_a_server_gets_every_answer_in_order() -> None:
    reports: list[str] = []
    with served() as server:
        sink = WebhookSink(server.url, reports.append)
        for answer in ANSWERS:
            sink.write(answer)
        sink.close()
        assert sequences(server) == list(range(10))
    assert (sink.failed, reports) == (0, [])


def test_an_answer_is_posted_again_while_the_server_fails() -> None:
    with served(503, 429) as server:
        sink = WebhookSink(server.url, print, first_pause_s=0.001)
        sink.write(ANSWERS[0])
        sink.close()
        assert sequences(server) == [0, 0, 0]
    assert sink.failed == 0


def test_an_answer_that_the_server_refuses_is_counted_once_and_reported() -> None:
    reports: list[str] = []
    with served(404, 404, 200) as server:
        sink = WebhookSink(server.url, reports.append, first_pause_s=0.001)
        for answer in ANSWERS[:3]:
            sink.write(answer)
        sink.close()
        assert sequences(server) == [0, 1, 2]
        first = f"--out {server.shown}: query 0 of stream 0 was not delivered: the server says 404 Not Found"
        assert reports == [first, f"--out {server.shown}: again"]
    assert sink.failed == 2


def test_a_server_that_is_away_is_tried_a_limited_number_of_times() -> None:
    with served() as server:
        url = server.url
    reports: list[str] = []
    sink = WebhookSink(url, reports.append, first_pause_s=0.001)
    sink.write(ANSWERS[0])
    sink.close()
    assert (sink.failed, len(reports)) == (1, 1)
    assert "refused" in reports[0]


def test_a_slow_server_delays_nobody_and_the_oldest_answers_are_given_up() -> None:
    with served() as server:
        server.open.clear()
        sink = WebhookSink(server.url, print, most_waiting=2)
        sink.write(ANSWERS[0])
        assert server.came.acquire(timeout=LIMIT_S)
        for answer in ANSWERS[1:6]:
            sink.write(answer)
        assert sink.failed == 3
        server.open.set()
        sink.close()
        assert sequences(server) == [0, 4, 5]
    assert sink.failed == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_answer_that_is_sent_elsewhere_was_not_delivered(status: int) -> None:
    reports: list[str] = []
    with served(status) as server:
        sink = WebhookSink(server.url, reports.append)
        sink.write(ANSWERS[0])
        sink.close()
        assert server.paths == ["/answers"]
    assert sink.failed == 1
    assert f"the server says {status}" in reports[0]


def test_an_address_of_any_script_is_posted_to() -> None:
    with served() as server:
        sink = WebhookSink(f"{server.shown}/größe?x=ä&y=%20", print)
        sink.write(ANSWERS[0])
        sink.close()
        assert server.paths == ["/gr%C3%B6%C3%9Fe?x=%C3%A4&y=%20"]
    assert sink.failed == 0


def test_an_answer_that_meets_a_bug_is_counted_and_the_next_one_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_json(answer: Answer) -> str:
        if answer.name.sequence == 0:
            raise RuntimeError("why")
        return "{}"

    monkeypatch.setattr(Answer, "as_json", as_json)
    reports: list[str] = []
    with served() as server:
        sink = WebhookSink(server.url, reports.append)
        for answer in ANSWERS[:2]:
            sink.write(answer)
        sink.close()
        assert server.bodies == ["{}"]
    assert sink.failed == 1
    assert "RuntimeError: why" in reports[0]


def test_a_report_does_not_show_the_secrets_of_an_address() -> None:
    reports: list[str] = []
    with served(404) as server:
        sink = WebhookSink(f"{server.shown}/hook/SECRET?token=SECRET", reports.append)
        sink.write(ANSWERS[0])
        sink.close()
    assert len(reports) == 1
    assert "SECRET" not in reports[0]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user:SECRET@127.0.0.1/", "http://127.0.0.1/…: an address with a user's name or password"),
        ("http://127.0.0.1:SECRET/", "malformed"),
        ("https:///SECRET", "has no host"),
        ("http://[::1/SECRET", "malformed"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secrets(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)) as caught:
        open_sink(url, print)
    assert "SECRET" not in str(caught.value)


def test_an_address_is_dialled_in_ascii() -> None:
    assert WebAddress.parse("https://müller.example:8443/a b") == (
        "https://xn--mller-kva.example:8443/a%20b",
        "https://xn--mller-kva.example:8443",
    )
    assert WebAddress.parse("http://[::1]:80/").url == "http://[::1]:80/"
