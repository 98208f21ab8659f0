"""Evaluates a trained model at other PSNRs, over other channels and without some of its links."""
