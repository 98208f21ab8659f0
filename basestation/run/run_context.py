"""The context that all parts of one run share at the base station."""

from dataclasses import dataclass
from pathlib import Path

from splitwave.basestation.adaptation.link_adaptation import LinkAdaptation
from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.run.beta_control import BetaControl
from splitwave.basestation.run.events import RunEvents
from splitwave.basestation.run.kept_checkpoints import KeptCheckpoints
from splitwave.basestation.run.run_log import RunLog
from splitwave.basestation.run.serving_record import ServingRecord
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.tasks.task import Targets


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels, which only the base station has: (N,) answers to both splits, and the digest of their data."""

    train: Targets
    test: Targets
    data_digest: str


@dataclass(frozen=True, slots=True)
class RunContext:
    """The settings and plan of a run, and the places where it is recorded.

    Attributes:
        run_id: its name in logs.
        config, plan: its settings and order.
        labels: of all samples.
        state_dir: for the base station's part of the checkpoint, and the manifest.
        compute: the thread that torch works in.
        beta_control: β of the links' serving blocks.
        adaptation: how the links send them.
        events: where what happens is announced; `log` and `served` observe it.
        log: what watchers see.
        served: the queries of all serving passes.
        kept: the checkpoints of its training.
    """

    run_id: str
    config: RunConfig
    plan: RunPlan
    labels: Labels
    state_dir: Path
    compute: Compute
    beta_control: BetaControl
    adaptation: LinkAdaptation
    events: RunEvents
    log: RunLog
    served: ServingRecord
    kept: KeptCheckpoints
