"""The dtypes of arrays that the protocol carries."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]
