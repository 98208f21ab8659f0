"""Floors: minimal counterparts that no testbed on this machine can beat (echo, one process, gloo, random numbers)."""
