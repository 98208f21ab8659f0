"""How long tests wait for something that will happen. Only a failing test waits this long, even on a busy machine."""

LIMIT_S = 300.0
