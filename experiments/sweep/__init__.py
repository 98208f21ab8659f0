"""Sweeps: many trainings, their measurements, and the figures drawn from them.

`trial` says what one training is, `qml_ib` and `baseline` carry it out, `pool` shares trials among worker processes,
`store` keeps what is finished, `figure` and `table` turn measurements into CSV files, `plot` draws from those alone.
"""
