"""The names of implementations that settings choose from, each with the place where the implementation is."""

from splitwave.common.seam import Seam

AWGN = "awgn"

CHANNEL_MODELS: Seam[object] = Seam(
    "channel.model", "splitwave.channel_models", {AWGN: "splitwave.channel.models.awgn:AwgnChannel"}
)
"""Each is a `ChannelModelFactory` of `common.protocol.channel_model`."""
