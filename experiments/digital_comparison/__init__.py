"""A trained run's level indices as amplitudes and as bits: error against energy and airtime."""
