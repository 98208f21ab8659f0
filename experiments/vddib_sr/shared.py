"""The samples and phases 1 that the trainings of a sweep share."""

from functools import lru_cache, partial
from pathlib import Path

from splitwave.experiments.vddib_sr.extraction import Extraction, extract
from splitwave.experiments.vddib_sr.samples import Samples, load_samples, load_training
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Settings


class SharedWork:
    """A cache of the latest samples and phases 1 for successive trainings in one process.

    A cached value depends only on its key, so the results of a training do not depend on earlier ones. Callers must not
    modify the returned objects, which are shared.
    """

    def __init__(self, data_dir: Path | None, kept: int = 2) -> None:
        """Create an empty cache.

        Args:
            data_dir: folder with the data sets; None for embedded and downloaded ones.
            kept: number of entries of each kind to keep. MNIST's training split takes about 190 MB.
        """
        self._training = lru_cache(kept)(partial(load_training, data_dir=data_dir))
        self._test = lru_cache(kept)(partial(load_samples, split="test", data_dir=data_dir))
        self._extraction = lru_cache(kept)(self._extract)

    def training(self, settings: Settings) -> tuple[Samples, Samples]:
        """Return the training samples and the held-out samples, cached by data set, K, overlap and hold-out.

        Raises:
            DataError: the data are missing or damaged, or have no classes.
        """
        return self._training(_data_of(settings))

    def test(self, settings: Settings) -> Samples:
        """Return the test split, cached by data set, K and overlap.

        Raises:
            DataError: the data are missing or damaged.
        """
        return self._test(_data_of(settings))

    def extraction(self, settings: Settings) -> Extraction:
        """Return the result of phase 1, cached by samples, seed and extraction settings.

        Raises:
            DataError: see `training`.
            RunFailedError: the training diverged.
        """
        return self._extraction(settings.model_copy(update={"encoding": EncodingSettings()}))

    def _extract(self, settings: Settings) -> Extraction:
        return extract(settings, *self.training(settings))


def _data_of(settings: Settings) -> Settings:
    others = {"seed": 0, "extraction": ExtractionSettings(), "encoding": EncodingSettings()}
    return settings.model_copy(update=others)
