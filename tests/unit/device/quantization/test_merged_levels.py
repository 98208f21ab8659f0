import torch

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.merged_levels import MergedLevels


def test_neighbouring_levels_are_merged_to_their_mean() -> None:
    merged = MergedLevels(2)
    levels = torch.tensor([-1.0, -0.5, 0.0, 0.1, 0.2, 0.4, 0.8, 1.0])
    torch.testing.assert_close(merged.levels(levels), torch.tensor([-0.35, 0.6]))
    assert merged.indices(torch.arange(8, dtype=torch.uint8)).tolist() == [0] * 4 + [1] * 4


def test_every_index_has_a_level_where_the_levels_are_no_power_of_two() -> None:
    for breakpoints in range(1, 20):
        bits = breakpoints.bit_length()
        levels = Codebook(breakpoints).levels().detach()
        for fewer in range(1, bits + 1):
            merged = MergedLevels(bits - fewer)
            indices = merged.indices(torch.arange(breakpoints + 1, dtype=torch.uint8))
            assert indices.max() + 1 == len(merged.levels(levels)) <= 2**fewer
            error = (merged.levels(levels)[indices.long()] - levels).abs().max()
            assert error <= (2.0 / breakpoints) * ((1 << (bits - fewer)) - 1) / 2 + 1e-6


def test_no_merging_changes_no_bit() -> None:
    levels = Codebook(6).levels().detach()
    assert torch.equal(MergedLevels(0).levels(levels), levels)
