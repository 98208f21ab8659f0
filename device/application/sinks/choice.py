"""The sink that `--out` names."""

import sys
from collections.abc import Callable
from pathlib import Path

from splitwave.device.application.sinks.lines import LineSink
from splitwave.device.application.sinks.sink import AnswerSink
from splitwave.device.application.sinks.web_address import SCHEMES
from splitwave.device.application.sinks.webhook import WebhookSink

FORMS = "- (standard output), FILE, or http(s)://HOST/PATH"


def open_sink(name: str, report: Callable[[str], None]) -> AnswerSink:
    """Open a sink.

    Args:
        name: one of `FORMS`.
        report: gets a line when a receiver fails.

    Raises:
        ConfigError: it cannot be opened.
    """
    if name == "-":
        return LineSink(sys.stdout)
    if name.startswith(SCHEMES):
        return WebhookSink(name, report)
    return LineSink.of_file(Path(name))
