"""Floors: minimal baselines that no testbed on this machine can beat (echo, one process, gloo, random numbers)."""
