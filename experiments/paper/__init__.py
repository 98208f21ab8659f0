"""The papers' figures and tables as lists of trials, which `splitwave experiment` runs."""
