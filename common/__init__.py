"""Code that at least two processes use."""

import os

# gRPC's C core prints its own lines before our errors (a taken port, say); they say nothing that ours do not.
# It reads this when it is first imported, so it is set before anything here imports it.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
