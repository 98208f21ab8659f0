"""Control of β while a run serves, without a network: accepted values, and counts of queries under each value."""

import math

import numpy as np
import pytest

from splitwave.basestation.run.beta_control import MAX_VALUES, BetaControl
from splitwave.basestation.run.served_queries import QueryCounts, ServingCounts
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.reports import SymbolEntropy
from splitwave.common.records.results import ServedAtBeta, ServedByLinks, ServedQueries

PLAIN = RunConfig.model_validate({"objective": {"beta": [0.5, 0.25]}})
CONDITIONED = RunConfig.model_validate({"objective": {"beta": [0.5, 0.25]}, "hypernetwork": {"beta": [1e-3, 1.0]}})


class TestBetaControl:
    def test_begins_at_the_settings_and_sets_one_link_or_all(self) -> None:
        control = BetaControl(CONDITIONED)
        assert (control.is_available, control.betas) == (True, [0.5, 0.25])
        assert control.set_beta(1, 0.1) == [1]
        assert control.betas == [0.5, 0.1]
        assert control.set_beta(None, 1.0) == [0, 1]
        assert control.betas == [1.0, 1.0]

    def test_reports_which_links_differ_from_the_settings(self) -> None:
        control = BetaControl(CONDITIONED)
        control.set_beta(0, 0.1)
        assert [control.was_changed(link) for link in (0, 1)] == [True, False]
        control.set_beta(0, 0.5)
        assert not control.was_changed(0)

    @pytest.mark.parametrize("beta", [0.0, -1.0, 9e-4, 1.001, math.nan, math.inf, -math.inf])
    def test_refuses_values_outside_the_range_of_training(self, beta: float) -> None:
        control = BetaControl(CONDITIONED)
        with pytest.raises(ProtocolError) as error:
            control.set_beta(0, beta)
        assert (
            str(error.value)
            == f"β = {beta}: expected a number from 0.001 to 1.0, the range that the networks were trained on "
            "(hypernetwork.beta)"
        )
        assert error.value.refusal is Refusal.INVALID_ARGUMENT
        assert control.betas == [0.5, 0.25]

    def test_accepts_the_ends_of_the_range(self) -> None:
        control = BetaControl(CONDITIONED)
        control.set_beta(0, 1e-3)
        control.set_beta(1, 1.0)
        assert control.betas == [1e-3, 1.0]

    @pytest.mark.parametrize("link", [2, -1])
    def test_refuses_a_link_that_the_run_does_not_have(self, link: int) -> None:
        with pytest.raises(ProtocolError, match=f"link {link} does not exist: this run has links 0 to 1"):
            BetaControl(CONDITIONED).set_beta(link, 0.5)

    def test_is_not_available_to_plain_networks(self) -> None:
        assert not BetaControl(PLAIN).is_available
        with pytest.raises(ProtocolError, match="networks of this run are not β-conditioned") as error:
            BetaControl(PLAIN).set_beta(None, 0.5)
        assert error.value.refusal is Refusal.FAILED_PRECONDITION

    def test_check_accepts_only_values_that_were_set_for_the_link(self) -> None:
        control = BetaControl(CONDITIONED)
        control.set_beta(0, 0.1)
        control.set_beta(0, 0.2)
        for beta in (0.5, 0.1, 0.2):
            control.check(0, beta, "a block")
        with pytest.raises(
            ProtocolError, match=r"a block of link 1 has β = 0\.1, to which .*: expected 0\.25$"
        ) as error:
            control.check(1, 0.1, "a block")
        assert error.value.refusal is Refusal.FAILED_PRECONDITION
        with pytest.raises(ProtocolError, match="expected none"):
            BetaControl(PLAIN).check(0, 0.5, "a block")

    def test_limits_the_number_of_different_combinations(self) -> None:
        control = BetaControl(CONDITIONED)
        for number in range(1, MAX_VALUES):
            control.set_beta(0, 0.5 + number / 1000)
        with pytest.raises(ProtocolError, match=f"links have had {MAX_VALUES} different combinations of β") as error:
            control.set_beta(None, 0.9)
        assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED
        assert control.betas[1] == 0.25  # the refused value was set for no link
        with pytest.raises(ProtocolError, match=r"expected 0\.5, 0\.501, .* …$"):
            control.check(0, 0.9, "a block")
        assert control.set_beta(0, 0.501) == [0]


def ids(*places: int) -> Int64:
    return np.array(places, dtype=np.int64)


class TestServingCounts:
    def test_counts_queries_by_the_betas_of_the_links_and_in_total(self) -> None:
        first, second = QueryCounts(), QueryCounts()
        first.add((0.5, 0.1), ids(7, 8, 9), 1)
        first.add((0.1, 0.1), ids(8), 1)
        second.add((0.5, 0.1), ids(9), 0)
        served = ServingCounts()
        served.add(first)
        served.add(second)
        assert served.results() == (
            ServedAtBeta((0.1, 0.1), ServedQueries(1, 1, 1.0), None),
            ServedAtBeta((0.5, 0.1), ServedQueries(4, 3, 0.25), None),
        )
        assert served.queries() == ServedQueries(5, 3, 0.4)

    def test_queries_of_plain_networks_are_counted_but_not_by_beta(self) -> None:
        counts, served = QueryCounts(), ServingCounts()
        counts.add((), ids(1, 2, 3, 4, 1), 2)
        served.add(counts)
        assert served.results() == ()
        assert served.queries() == ServedQueries(5, 4, 0.4)

    def test_counts_queries_by_the_links_that_their_answers_came_from(self) -> None:
        first, second = QueryCounts(), QueryCounts()
        first.add((0.5, 0.1), ids(7, 8), 1, (0, 1))
        first.add((0.1, 0.1), ids(8), 1, (1,))
        second.add((0.1, 0.1), ids(7), 0, (0, 1))
        served = ServingCounts()
        served.add(first)
        served.add(second)
        assert served.by_links() == (
            ServedByLinks((0, 1), ServedQueries(3, 2, 1 / 3)),
            ServedByLinks((1,), ServedQueries(1, 1, 1.0)),
        )
        assert [each.totals.queries for each in served.results()] == [2, 2]

    def test_the_entropy_is_the_mean_over_the_links_at_their_own_beta(self) -> None:
        counts, served = QueryCounts(), ServingCounts()
        counts.add((0.5, 0.1), ids(0, 1), 0)
        served.add(counts)
        served.report(0, (SymbolEntropy(0.5, 2, 3.0), SymbolEntropy(0.1, 2, 100.0)))
        assert served.results()[0].symbol_entropy_bits is None  # the report of link 1 is still missing
        served.report(1, (SymbolEntropy(0.1, 2, 1.0),))
        assert served.results()[0].symbol_entropy_bits == 2.0

    def test_an_entropy_over_fewer_samples_does_not_replace_one_over_more(self) -> None:
        counts, served = QueryCounts(), ServingCounts()
        counts.add((0.5,), ids(*range(9)), 0)
        served.add(counts)
        for samples, bits in ((4, 2.0), (9, 2.5), (1, 0.0)):
            served.report(0, (SymbolEntropy(0.5, samples, bits),))
        assert served.results()[0].symbol_entropy_bits == 2.5
