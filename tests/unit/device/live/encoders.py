"""An encoder of one threshold per feature, in place of a trained one."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import LevelPayload
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.symbols import LinkContract

CONFIG = RunConfig.model_validate({"encoder": {"dimension": 3}, "quantizer": {"breakpoints": 1}})
LEVELS = np.array([-1, 1], dtype=np.float32)


class SignEncoder:
    """Sends the signs of three features, those of a version of its own with the other sign."""

    def __init__(self, version: str = "a" * 12, link: int = 0, *, beta: float | None = None) -> None:
        self.version = version
        self.contract: LinkContract = link_contract(CONFIG, link)
        self.features = 3
        self.serving_beta = beta

    def set_beta(self, beta: float) -> None:
        if beta > 1:
            raise ProtocolError(f"β = {beta}: trained for at most 1")
        self.serving_beta = beta

    def encode(self, x: Float32) -> LevelPayload:
        if x.shape != (self.features,):
            raise DataError(f"a sample of {x.shape}")
        positive = x > 0 if self.version.startswith("a") else x <= 0
        return LevelPayload(positive.astype(np.uint8)[None], 0, LEVELS)
