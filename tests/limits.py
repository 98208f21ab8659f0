"""How long tests wait for what is sure to come: only a test that fails ever waits so long, on a busy machine, too."""

LIMIT_S = 300.0
