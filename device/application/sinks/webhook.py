"""Answers posted to a web server, each as one request with JSON.

A thread posts. A server that is slow or away delays no inference: a limited number of answers waits for it, then the
oldest is given up. Every answer that was not delivered is counted.
"""

import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException

from splitwave import __version__
from splitwave.device.application.answer import Answer
from splitwave.device.application.sinks.web_address import WebAddress

_MOST_WAITING = 256
_TIMEOUT_S = 5.0
_TRIES = 4
_FIRST_PAUSE_S = 0.25
_CLOSING_S = 15.0
_WORTH_ANOTHER_TRY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Makes a redirect a failure: urllib would follow it without the answer."""

    def redirect_request(self, *_: object) -> None:
        return None


class WebhookSink:
    """Posts answers from a thread of its own."""

    def __init__(
        self,
        url: str,
        report: Callable[[str], None],
        most_waiting: int = _MOST_WAITING,
        first_pause_s: float = _FIRST_PAUSE_S,
    ) -> None:
        """Begin without answers.

        Args:
            url: http:// or https://.
            report: gets a line when the server fails, and when it takes answers again.
            most_waiting: answers.
            first_pause_s: before the second try of an answer; each further pause is twice as long.

        Raises:
            ConfigError: as `WebAddress.parse`.
        """
        self._address = WebAddress.parse(url)
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._report = report
        self._waiting: deque[Answer] = deque()
        self._most_waiting = most_waiting
        self._first_pause_s = first_pause_s
        self._changed = threading.Condition()
        self._closing = False
        self._failing = False
        self.failed = 0
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)
        self._thread.start()

    def write(self, answer: Answer) -> None:
        """Have an answer posted; without a place for it, the oldest that waits is given up."""
        with self._changed:
            if len(self._waiting) == self._most_waiting:
                self._waiting.popleft()
                self.failed += 1
            self._waiting.append(answer)
            self._changed.notify_all()

    def close(self) -> None:
        """Post what waits, within a limited time; what is left then has failed."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(_CLOSING_S)
        with self._changed:
            left = len(self._waiting) + self._thread.is_alive()  # an answer that is under way
            self._waiting.clear()
            self.failed += left

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                answer = self._waiting.popleft()
            self._deliver(answer)

    def _deliver(self, answer: Answer) -> None:
        """Post an answer, several times if need be."""
        pause_s, reason = self._first_pause_s, ""
        for each in range(_TRIES):
            if each:
                time.sleep(pause_s)
                pause_s *= 2
            reason, again = self._post(answer)
            if not reason or not again:
                break
        with self._changed:
            self.failed += bool(reason)
        if bool(reason) != self._failing:
            self._failing = bool(reason)
            what = f"{answer.name} was not delivered: {reason}" if reason else "again"
            self._report(f"--out {self._address.shown}: {what}")

    def _post(self, answer: Answer) -> tuple[str, bool]:
        """Post an answer once; returns why it failed (empty: it did not), and whether another try makes sense."""
        headers = {"Content-Type": "application/json", "User-Agent": f"splitwave/{__version__}"}
        try:
            request = urllib.request.Request(self._address.url, answer.as_json().encode(), headers, method="POST")
            with self._opener.open(request, timeout=_TIMEOUT_S):
                return "", False
        except urllib.error.HTTPError as error:
            with error:
                again = error.code in _WORTH_ANOTHER_TRY or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
                return f"the server says {error.code} {error.reason}", again
        except urllib.error.URLError as error:
            return str(error.reason), True
        except (OSError, HTTPException) as error:  # in the middle of the answer
            return str(error) or type(error).__name__, True
        except Exception as error:  # a bug: the thread goes on, and the answer is counted
            return f"{type(error).__name__}: {error}", False
