"""`python -m basestation`: trains and evaluates one run with the devices that connect, then ends."""

import argparse
import asyncio
import sys
import uuid
from pathlib import Path

import structlog

from basestation.service import BaseStation, open_labels
from common.config_layers import load_config
from common.process import (
    add_data_option,
    add_process_options,
    announce_ready,
    check_data_dir,
    default_state_dir,
    run_service,
    stop_signal,
)
from common.rpc import parse_address

log = structlog.get_logger()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m basestation", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--listen", default="127.0.0.1:50051", metavar="HOST:PORT")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the run's settings; without one the demo's")
    parser.add_argument("--state", type=Path, default=default_state_dir(), metavar="DIR", help="for the checkpoint")
    parser.add_argument("--restore", action="store_true", help="evaluate the checkpoint in --state, do not train")
    add_data_option(parser)
    add_process_options(parser)
    return parser.parse_args()


async def _serve(basestation: BaseStation, ready_fd: int | None) -> None:
    result = await basestation.serve(lambda address: announce_ready(ready_fd, address), stop_signal())
    if result is not None:
        log.info("run finished", error_rate=result.error_rate, weights_sha256=result.weights_sha256)


def main() -> int:
    """Parse the command line and serve one run."""
    options = _arguments()

    def serve() -> None:
        listen = parse_address(options.listen, "--listen", lowest_port=0)
        check_data_dir(options.data)
        config = load_config(options.config)
        run_id = uuid.uuid4().hex[:12]
        structlog.contextvars.bind_contextvars(run=run_id)
        labels = open_labels(config, options.data)
        basestation = BaseStation(config, labels, listen, options.state, options.restore, run_id)
        asyncio.run(_serve(basestation, options.ready_fd))

    return run_service("basestation", options, serve)


if __name__ == "__main__":
    sys.exit(main())
