"""Names of published data sets by their digest; a name is a courtesy, nothing depends on it."""

from collections.abc import Mapping

KNOWN: Mapping[tuple[str, str], str] = {
    (
        "17f06c595dd95d41785f96e9e850204bb2c8e1edd162b4a9f047badf08f63c51",
        "872701738bc801130ac3399b56b92c797be3db272da170411b01af304df9c703",
    ): "MNIST",
    (
        "1ad5110759a26015122546a9f8b57d42e04284b61113e38dec579a2a4f7b52ab",
        "670ddbec8d9ff8dee2d9ff926440be97f499e8e7c8cbc0eaa4d5073a4aa0b6ce",
    ): "Fashion-MNIST",
}
"""By the SHA-256 of the training and the test inputs, as `SourceReader.digest` computes them."""
