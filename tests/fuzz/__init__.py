"""Mutated bytes for every decoder, and mutated streams for live servers: `python -m tests.fuzz --help`."""
