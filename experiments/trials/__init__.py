"""Trials: what one training of a sweep is, how it is carried out for each method, and the outcome it produces."""
