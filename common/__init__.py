"""Code that at least two processes use."""

import os

# gRPC's C core prints its own lines before our errors, for example if a port is taken, and they add no information.
# It reads this variable when it is first imported, so the variable is set before any module here imports gRPC.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# gRPC's newer way to wait for sockets, EventEngine, hands each message to further threads, which doubles the wake-ups
# of a query: without it, a query over three processes takes an eighth less time. Names that gRPC no longer knows change
# nothing; set the variable to "" to get its default.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client,-event_engine_listener")
