"""Writes the answers of serving passes to a file, a line of JSON for each query."""

import json
from pathlib import Path

import structlog

from splitwave.basestation.fusion.block_collector import Arrival
from splitwave.basestation.run.decoding import Decoded, PredictedBlock
from splitwave.basestation.run.events import RunObserver
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.phases import Phase

log = structlog.get_logger()


class AnswerLog(RunObserver):
    """The option `--answers`: stream and sequence number of each query, its sample, its answer and the links used.

    Where live control has changed a link, `channel` has the state of each link that the query met.
    """

    def __init__(self, path: Path) -> None:
        """Begin an empty file.

        Raises:
            ConfigError: it cannot be written.
        """
        self._path = path
        self._failed = False
        try:
            path.write_text("")
        except OSError as error:
            raise ConfigError(f"--answers {path}: not a file that can be written: {error}") from None

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        key = arrival.block.key
        if key.phase is not Phase.SERVE or not isinstance(decoded, PredictedBlock) or self._failed:
            return
        for sample, answer in zip(arrival.sample_ids.tolist(), decoded.answers.tolist(), strict=True):
            line: dict[str, object] = {
                "stream": key.step,
                "sequence": key.micro_batch,
                "sample": sample,
                "answer": answer,
                "links": arrival.block.used,
            }
            if arrival.block.channels:
                line["channel"] = [channel.fields() for channel in arrival.block.channels]
            self._write(json.dumps(line))

    def _write(self, line: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:  # whatever ends this process, the lines are there
                file.write(f"{line}\n")
        except OSError as error:  # the run goes on: its result does not depend on this file
            log.error("answers not written", path=str(self._path), reason=str(error))
            self._failed = True
