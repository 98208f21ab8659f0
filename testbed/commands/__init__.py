"""The commands of `splitwave`, one module for each group."""
