"""Compares finished runs: their settings, curves and results, and what is significant over seeds."""
