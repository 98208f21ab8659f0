"""VDDIB-SR, the baseline of QML-IB: variational distributed deterministic IB with selective retransmission.

Source: Shao, Mao, Zhang, "Task-Oriented Communication for Multidevice Cooperative Edge Inference", IEEE TWC 2023,
doi 10.1109/TWC.2022.3191118; written from the description of the scheme, not from its authors' script. For a fair
comparison it departs from that script: n-bit symbols have 2^n levels, models are selected on held-out training samples
by the error after both rounds, and the test split is evaluated once.

Phases: (1) `extraction`, a VIB extractor for each view; (2) `encoding`, two encoders for each view and the decoders
over frozen extractors; (3) `encoding` again, all networks end to end. Phase 1 does not depend on symbols, bits and
channel, so all points of a sweep with the same seed, views and extractor share one phase 1.

Modules: `extractor`, `codec`, `network`, `symbols` and `precision` define the networks; `noise`, `channel` and
`objective` the training; `phase`, `extraction` and `encoding` the phases; `evaluation`, `retransmission`,
`link_results` and `report` the results; `settings`, `chosen`, `options` and `tuning` the settings; `samples` and
`shared` the data.

Legend of shapes: B samples, K links, P pixels, f features and d = d1 + d2 symbols (in two rounds) per view.
"""
