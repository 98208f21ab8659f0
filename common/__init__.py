"""Code that at least two processes use."""

import os

# gRPC's C core prints its own lines before our errors, for example if a port is taken, and they add no information.
# It reads this variable when it is first imported, so the variable is set before any module here imports gRPC.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# gRPC's newer way to wait for sockets, EventEngine, hands each message to further threads: 35 instead of 21 waits for a
# query over three processes, which takes an eighth less time without it. Names that gRPC no longer knows change
# nothing; set the variable to "" to get gRPC's default.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client,-event_engine_listener")
