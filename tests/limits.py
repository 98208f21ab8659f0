"""The time limit for events that tests wait for; only a failing test reaches it, even on a busy machine."""

LIMIT_S = 300.0
