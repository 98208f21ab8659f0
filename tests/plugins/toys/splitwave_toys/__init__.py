"""Toys: the least that each kind of implementation needs."""
