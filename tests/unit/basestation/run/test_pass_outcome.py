import numpy as np

from splitwave.basestation.run.pass_outcome import merge_hops
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, UplinkCost


def test_one_table_contains_the_hops_of_all_links() -> None:
    emulated = PassReport(
        Phase.SERVE, Symbols.HARD, UplinkCost(), ("encode", "emulate", "decode"), np.array([[1, 2, 3]])
    )
    direct = PassReport(Phase.SERVE, Symbols.HARD, UplinkCost(), ("encode", "decode"), np.array([[4, 5]]))
    hops, times_ns = merge_hops([direct, emulated])
    assert hops == ("encode", "emulate", "decode")
    assert times_ns.tolist() == [[4, 0, 5], [1, 2, 3]]
