"""What the trainings of a sweep share: the samples, and phase 1."""

from functools import lru_cache, partial
from pathlib import Path

from splitwave.experiments.vddib_sr.extraction import Extraction, extract
from splitwave.experiments.vddib_sr.samples import Samples, load_samples, load_training
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Settings


class SharedWork:
    """The latest samples and phases 1, kept in memory by whoever runs trainings one after another in a process.

    A maker sees nothing but what it is kept under, so a training gives the same bits whatever came before it. What is
    handed out is shared: it is read, never changed.
    """

    def __init__(self, data_dir: Path | None, kept: int = 2) -> None:
        """An empty store.

        Args:
            data_dir: folder of the data sets' files; None for their own source.
            kept: how many of each kind to remember. MNIST's training split takes about 190 MB.
        """
        self._training = lru_cache(kept)(partial(load_training, data_dir=data_dir))
        self._test = lru_cache(kept)(partial(load_samples, split="test", data_dir=data_dir))
        self._extraction = lru_cache(kept)(self._extract)

    def training(self, settings: Settings) -> tuple[Samples, Samples]:
        """The samples to train on and those held out, of equal data set, K, overlap and hold-out.

        Raises:
            DataError: they are missing or damaged, or have no classes.
        """
        return self._training(_data_of(settings))

    def test(self, settings: Settings) -> Samples:
        """The test split, of equal data set, K and overlap.

        Raises:
            DataError: it is missing or damaged.
        """
        return self._test(_data_of(settings))

    def extraction(self, settings: Settings) -> Extraction:
        """Phase 1, of equal samples, seed and extraction settings.

        Raises:
            DataError: as for `training`.
            RunFailedError: it diverged.
        """
        return self._extraction(settings.model_copy(update={"encoding": EncodingSettings()}))

    def _extract(self, settings: Settings) -> Extraction:
        return extract(settings, *self.training(settings))


def _data_of(settings: Settings) -> Settings:
    others = {"seed": 0, "extraction": ExtractionSettings(), "encoding": EncodingSettings()}
    return settings.model_copy(update=others)
