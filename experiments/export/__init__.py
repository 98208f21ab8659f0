"""Exports a trained run as a model folder: what boards and serving base stations need, and nothing else."""
