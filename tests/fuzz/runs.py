"""Damaged streams within a run of one link; each has a base station of its own, because it may end the run."""

import asyncio
import logging
import random
import tempfile
from pathlib import Path

import grpc
import structlog

from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.messages import Ready
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from tests.fuzz.outcome import Outcome
from tests.fuzz.scripts import damaged, valid_script
from tests.fuzz.stream_client import LIMIT_S, send_script
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN

READY = Ready(TRAIN, TEST, DIGEST)


class _Errors(logging.Handler):
    """Keeps what gRPC and asyncio log: a traceback."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(logging.WARNING)
        self._outcome = outcome

    def emit(self, record: logging.LogRecord) -> None:
        self._outcome.faults.append(f"logged: {record.getMessage()}")


def join_runs(runs: int, seed: int, outcome: Outcome) -> None:
    """Join so many runs with a damaged stream each, half of them through an emulator."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    handler = _Errors(outcome)
    logging.getLogger().addHandler(handler)
    try:
        for number in range(runs):
            asyncio.run(_join(number, random.Random(f"{seed} run {number}"), outcome))
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.reset_defaults()


async def _join(number: int, rng: random.Random, outcome: Outcome) -> None:
    server = ("base station", "channel")[number % 2]
    kind, messages = damaged(valid_script(CONFIG, READY, f"fuzz-{number}"), rng)
    with tempfile.TemporaryDirectory() as folder:
        async with servers(Path(folder)) as running:
            ended = await asyncio.to_thread(_stream, running.addresses[server], messages, rng.random() < 0.1)
            outcome.note(f"{server}, in a run", kind, *ended)
            running.stop.set()
            try:
                await asyncio.wait_for(running.run, LIMIT_S)
            except RunFailedError as error:
                if not str(error):
                    outcome.faults.append(f"{kind}: the run failed without a reason")
            except Exception as error:
                outcome.faults.append(f"{kind}: the run ended with {error!r}")


def _stream(address: str, messages: list[bytes], breaks: bool) -> tuple[str, str]:
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        return send_script(grpc_channel, messages, answered=2, breaks=breaks)
