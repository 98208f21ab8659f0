"""Splitwave, a testbed for task-oriented communication. Its packages lie at the top of the repository (ADR 1)."""

__version__ = "0.1.0"
