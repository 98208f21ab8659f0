"""The papers' figures and tables, as lists of trials: what `splitwave experiment` can run."""
