"""The commands of `splitwave`, a module each."""
