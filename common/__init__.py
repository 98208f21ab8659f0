"""Code that at least two processes use."""

import os

# gRPC's C core prints its own lines before our errors, for example if a port is taken, and they add no information.
# It reads this variable when it is first imported, so the variable is set before any module here imports gRPC.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
