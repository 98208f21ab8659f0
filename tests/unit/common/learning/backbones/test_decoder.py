import torch

from splitwave.common.learning.backbones.decoder import Decoder


def test_decoder_has_the_layers_of_table_1() -> None:
    shapes = [tuple(parameter.shape) for parameter in Decoder(56).parameters()]
    assert shapes == [(1024, 56), (1024,), (256, 1024), (256,), (10, 256), (10,)]


def test_logits_are_two_relu_layers_and_a_linear_one() -> None:
    decoder = Decoder(4, outputs=3).double()
    symbols = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    w1, b1, w2, b2, w3, b3 = decoder.parameters()
    hidden = (symbols @ w1.T + b1).clamp_min(0) @ w2.T + b2
    torch.testing.assert_close(decoder(symbols), hidden.clamp_min(0) @ w3.T + b3)
