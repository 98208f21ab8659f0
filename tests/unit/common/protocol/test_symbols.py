"""The reader that converts the blocks of one stream to symbols."""

import numpy as np
import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import LevelPayload
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import SymbolReader
from tests.unit.common.wire.examples import D, contract_of, level_block, real_block


class TestSymbolReader:
    def test_looks_indices_up_in_the_latest_codebook(self) -> None:
        block = level_block()
        assert isinstance(block.payload, LevelPayload)
        assert block.payload.codebook is not None
        symbols = SymbolReader(contract_of()).read(block)
        np.testing.assert_array_equal(symbols, block.payload.codebook[block.payload.indices][None])

    def test_refuses_an_index_above_t(self) -> None:
        payload = LevelPayload(np.full((4, D), 7, dtype=np.uint8), 9, np.zeros(7, dtype=np.float32))
        with pytest.raises(ProtocolError, match="level index 7 exceeds T = 6"):
            SymbolReader(contract_of()).read(level_block(payload=payload))

    def test_refuses_a_codebook_version_that_was_not_sent(self) -> None:
        reader = SymbolReader(contract_of())
        with pytest.raises(ProtocolError, match="codebook version 9 was not sent on this stream"):
            reader.read(level_block(codebook=False))

    def test_refuses_another_link_and_a_gap_in_the_sequence(self) -> None:
        with pytest.raises(ProtocolError, match="a block for link 0 came over link 1"):
            SymbolReader(contract_of()).read(level_block(link=0))
        with pytest.raises(ProtocolError, match="out of sequence: expected 0"):
            SymbolReader(contract_of()).read(level_block(sequence=1))

    def test_refuses_a_new_codebook_under_an_old_version(self) -> None:
        reader = SymbolReader(contract_of())
        reader.read(level_block())
        with pytest.raises(ProtocolError, match="a codebook of version 9 came after version 9"):
            reader.read(level_block(sequence=1))

    @pytest.mark.parametrize(("draws", "phase"), [(2, Phase.TRAIN), (3, Phase.TEST)])
    def test_refuses_a_number_of_draws_that_the_phase_does_not_have(self, draws: int, phase: Phase) -> None:
        with pytest.raises(ProtocolError, match=f"{draws} noise draws"):
            SymbolReader(contract_of()).read(real_block(draws, phase))
