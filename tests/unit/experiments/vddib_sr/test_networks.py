import pytest
import torch
from pydantic import ValidationError

from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.experiments.vddib_sr.codec import Codec
from splitwave.experiments.vddib_sr.extractor import Extractor, ViewModel
from splitwave.experiments.vddib_sr.network import VddibSr
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractorName, Schedule, Settings

PIXELS, FEATURES, BATCH = 12, 5, 64


def codec_of(links: int = 2, **settings: object) -> Codec:
    encoding = EncodingSettings.model_validate({"first": 2, "second": 3, "decoder_widths": (8, 6), **settings})
    codec = Codec(links, FEATURES, encoding)
    initialise_linear_layers(codec, seed=0, party=links)
    return codec


def features(links: int = 2) -> list[torch.Tensor]:
    return list(3 * torch.randn(links, BATCH, FEATURES, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("linear", [(FEATURES, PIXELS)] * 2),
        ("mlp", [(256, PIXELS), (256, 256), (FEATURES, 256), (FEATURES, 256)]),
    ],
)
def test_the_extractors_have_the_layers_of_table_1_and_of_the_authors(
    name: ExtractorName, shapes: list[tuple[int, int]]
) -> None:
    extractor = Extractor(name, PIXELS, FEATURES)
    assert [tuple(p.shape) for p in extractor.parameters() if p.dim() == 2] == shapes


def test_the_linear_extractor_is_10_tanh_and_a_sigmoid_of_one_layer_each() -> None:
    extractor = ViewModel("linear", PIXELS, FEATURES).extractor.double()
    x = torch.rand(BATCH, PIXELS, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    w_mean, b_mean, w_sigma, b_sigma = extractor.parameters()
    mean, sigma = extractor(x)
    torch.testing.assert_close(mean, 10 * (x @ w_mean.T + b_mean).tanh())
    torch.testing.assert_close(sigma, 1 / (1 + (-(x @ w_sigma.T + b_sigma)).exp()))


@pytest.mark.parametrize("bits", [1, 2])
def test_a_view_sends_d1_plus_d2_symbols_of_2_to_the_n_levels(bits: int) -> None:
    for sent in codec_of(bits=bits).encode(features()):
        assert sent.shape == (BATCH, 5)
        levels = torch.linspace(-1, 1, 2**bits)
        assert (sent.unsqueeze(-1) - levels).abs().amin(dim=-1).max() < 1e-6


def test_unquantized_symbols_lie_inside_the_levels_range() -> None:
    sent = torch.cat(codec_of(bits=0).encode(features()))
    assert sent.abs().max() < 1
    assert len(set(sent.flatten().tolist())) > 100


def test_decoder_1_sees_round_1_of_all_views_decoder_2_both_rounds_and_a_view_decoder_its_own_view() -> None:
    codec = codec_of(bits=0)
    received = [part.detach().requires_grad_() for part in codec.encode(features())]
    logits = codec.decode(received)

    def seen(output: torch.Tensor) -> list[list[bool]]:
        parts = torch.autograd.grad(output.square().sum(), received, allow_unused=True, retain_graph=True)
        return [[False] * 5 if part is None else (part != 0).any(dim=0).tolist() for part in parts]

    assert seen(logits.first) == [[True, True, False, False, False]] * 2
    assert seen(logits.second) == [[True] * 5] * 2
    assert seen(logits.views[1]) == [[False] * 5, [True] * 5]


def test_inference_encodes_the_means_of_the_features() -> None:
    extractors = [Extractor("linear", PIXELS, FEATURES) for _ in range(2)]
    network = VddibSr(extractors, codec_of())
    views = list(torch.rand(2, BATCH, PIXELS, generator=torch.Generator().manual_seed(2)))
    means = [extractor(view).mean for extractor, view in zip(extractors, views, strict=True)]
    for sent, expected in zip(network.send(views), network.codec.encode(means), strict=True):
        assert torch.equal(sent, expected)


def test_settings_that_train_nothing_or_are_unknown_are_refused() -> None:
    nothing = Schedule(epochs=0)
    with pytest.raises(ValidationError, match="nothing would be trained"):
        Settings(encoding=EncodingSettings(encode=nothing, finetune=nothing))
    with pytest.raises(ValidationError, match="bit_count"):
        EncodingSettings.model_validate({"bit_count": 2})
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        EncodingSettings(second=0)
