"""Sweeps: many trials, the tables of their measurements, and the figures drawn from the tables.

`session` runs a sweep: `pool` distributes trials over worker processes, and `store` keeps their outcomes. `figure` and
`table` turn outcomes into CSV files; `plot` draws figures from the CSV files alone, with `curves`, `panels`,
`curve_styles` and `intervals`.
"""
