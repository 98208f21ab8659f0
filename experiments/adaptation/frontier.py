"""The frontiers of fixed forms and of tables: chosen on held-out samples, measured on the test split."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from splitwave.common.data.catalog import load_labels
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.adaptation.forms import SILENT, Form, join, receive
from splitwave.experiments.adaptation.report import Row
from splitwave.experiments.adaptation.settings import Choice, serving_settings
from splitwave.experiments.adaptation.tables import ENDS_DB, Costs, Table, Trace, fixed, search
from splitwave.experiments.inprocess_run import InprocessRun

FORMS = (*(Form(modulation, bits) for modulation in ("bpsk", "qpsk", "16-qam") for bits in (1, 2, 4)), SILENT)
RESCUE = FORMS.index(Form("qpsk", 4))
"""The form of the settings, in which the base station lets the strongest link send where all would be silent."""
PRICES = (1e-2, 1e-3, 2e-4, 5e-5)
"""Prices of a symbol per sample and link, as error; each has a table of its own."""

TRACES = {Phase.VALIDATION: 1, Phase.TEST: 3}
"""Realisations of fading and noise that the samples of each phase meet, one after the other."""


def frontiers(run: InprocessRun, choice: Choice, data_dir: Path | None) -> Iterator[Row]:
    """One row for each fixed form, and one for each price's table.

    Args:
        run: with its trained weights; it has the settings of the trace afterwards.
        choice: the options.
        data_dir: the folder of the data.
    """
    held_out, test = (_traces(run, phase, choice, data_dir) for phase in (Phase.VALIDATION, Phase.TEST))
    forms = range(len(FORMS) - 1)
    for form in forms:
        yield _row(run, choice, ("fixed", str(FORMS[form]), None), _both(held_out, test, fixed(form)))
    table: Table | None = None
    for price in PRICES:
        value = partial(_value, held_out, price)
        begin = min([*map(fixed, forms), *([table] if table else [])], key=value)
        table = search(held_out, len(FORMS), price, begin=begin, rescue=RESCUE)
        yield _row(run, choice, ("table", text_of(table), price), _both(held_out, test, table))


def text_of(table: Table) -> str:
    """A table in words, such as `silent; from 3 dB bpsk 1 bits`."""
    words = [str(FORMS[table[0]])]
    for before, form, end_db in zip(table, table[1:], ENDS_DB, strict=False):
        if form != before:
            words.append(f"from {end_db:g} dB {FORMS[form]}")
    return "; ".join(words)


def _traces(run: InprocessRun, phase: Phase, choice: Choice, data_dir: Path | None) -> Trace:
    """The samples of a phase over several realisations of fading and noise, one after the other."""
    labels = load_labels(run.config.data.choice, "test" if phase is Phase.TEST else "train", data_dir)
    received = []
    for number in range(TRACES[phase]):
        run.retune(serving_settings(choice).model_copy(update={"seed": 1000 * (number + 1) + choice.seed}))
        received.append(receive(run, phase, FORMS))
    joined = join(received)
    return Trace(run, joined, labels[joined.ids], nominal_db=choice.psnr_db)


def _value(trace: Trace, price: float, table: Table) -> float:
    costs = trace.costs(table, RESCUE)
    return costs.error + price * costs.symbols


def _both(held_out: Trace, test: Trace, table: Table) -> tuple[Costs, Costs]:
    return held_out.costs(table, RESCUE), test.costs(table, RESCUE)


def _row(run: InprocessRun, choice: Choice, named: tuple[str, str, float | None], costs: tuple[Costs, Costs]) -> Row:
    held_out, test = costs
    airtime_ms = 1e3 * test.symbols / run.config.channel.baud
    return Row(
        choice.seed,
        *named,
        choice.psnr_db,
        held_out.error,
        held_out.symbols,
        test.error,
        test.bits,
        test.symbols,
        airtime_ms,
        test.silent,
    )
