"""Tables of link adaptation: the error and the costs of one, and the search for good ones on held-out samples.

Shapes: N samples, K links, R ranges of the PSNR.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.tasks.task import Targets
from splitwave.experiments.adaptation.forms import Received
from splitwave.experiments.inprocess_run import InprocessRun

ENDS_DB = (0.0, 4.0, 8.0, 12.0, 16.0, 20.0)
"""The lower ends of all ranges but the first, in dB of measured peak PSNR."""

Table = tuple[int, ...]
"""By range, the number of its form."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The error of a table or a fixed form, and what a sample costs on a link, in means.

    Attributes:
        error: of the answers.
        bits: information bits.
        symbols: channel symbols.
        silent: share of a link's samples that are not sent.
    """

    error: float
    bits: float
    symbols: float
    silent: float


class Trace:
    """The samples of a phase over the fading trace, for any table; each follows the PSNR of the sample before."""

    def __init__(self, run: InprocessRun, received: Received, targets: Targets, *, nominal_db: float) -> None:
        """Args: the run that decodes, what it received, the samples' (N,) targets, and the PSNR before all of them."""
        self._run = run
        self._received = received
        self._key = BlockKey(Phase.TEST, 0, 0)  # decoders of plain networks do not look at it
        self._targets = targets
        before = np.full((len(received.psnr_db), 1), nominal_db)
        delayed = np.concatenate([before, received.psnr_db[:, :-1]], axis=1)
        self._ranges = np.searchsorted(ENDS_DB, delayed, side="right")
        self._psnr_db = delayed
        self._silent = {number for number, form in enumerate(received.forms) if not form.bits}

    def costs(self, table: Table, rescue: int) -> Costs:
        """The error and the costs of a table.

        Args:
            table: the form of each range.
            rescue: the form in which the strongest link sends where all would be silent.
        """
        chosen = self._chosen(table, rescue)
        received = self._received
        links, samples = np.arange(len(chosen))[:, None], np.arange(chosen.shape[1])[None]
        parts = received.symbols[chosen, links, samples]  # (K, N, w)
        fused = torch.from_numpy(np.ascontiguousarray(parts.transpose(1, 0, 2)).reshape(1, chosen.shape[1], -1))
        block = FusedBlock(self._key, fused, tuple(range(len(chosen))))
        errors = self._run.trainer.objective.errors(self._run.trainer.predict(block), self._targets)
        return Costs(
            errors / chosen.shape[1],
            float(received.bits[chosen].mean()),
            float(received.uses[chosen].mean()),
            float(np.isin(chosen, list(self._silent)).mean()),
        )

    def _chosen(self, table: Table, rescue: int) -> Int64:
        """(K, N) numbers of forms."""
        chosen = np.asarray(table)[self._ranges]
        if self._silent:
            all_silent = np.isin(chosen, list(self._silent)).all(axis=0)
            strongest = np.argmax(self._psnr_db, axis=0)
            chosen[strongest[all_silent], np.flatnonzero(all_silent)] = rescue
        return chosen


def search(trace: Trace, forms: int, price: float, *, begin: Table, rescue: int, rounds: int = 2) -> Table:
    """The table with the least error + price · symbols that changes of one range at a time reach from `begin`.

    Args:
        trace: of held-out samples.
        forms: how many there are to choose from.
        price: error that a symbol more a sample and link is worth.
        begin: the first table.
        rescue: as for `Trace.costs`.
        rounds: most rounds over all ranges.
    """
    table, value = begin, partial(_value, trace, price, rescue)
    best = value(begin)
    for _ in range(rounds):
        before = table
        for place in range(len(table)):
            for form in range(forms):
                other = (*table[:place], form, *table[place + 1 :])
                if other != table and (found := value(other)) < best:
                    table, best = other, found
        if table == before:
            break
    return table


def _value(trace: Trace, price: float, rescue: int, table: Table) -> float:
    costs = trace.costs(table, rescue)
    return costs.error + price * costs.symbols


def fixed(form: int) -> Table:
    """The table of one form for all ranges."""
    return (form,) * (len(ENDS_DB) + 1)
