"""VDDIB-SR, the baseline of QML-IB: variational distributed deterministic IB with selective retransmission.

Source: Shao, Mao, Zhang, "Task-Oriented Communication for Multidevice Cooperative Edge Inference", IEEE TWC 2023,
doi 10.1109/TWC.2022.3191118; written from the description of the scheme, not from its authors' script. It departs
from that script in what a fair comparison needs: n-bit symbols have 2^n levels, models are selected on held-out
training samples by the error after both rounds, and the test split is looked at once.

Phases: (1) `extraction`, a VIB extractor a view; (2) `encoding`, two encoders a view and the decoders over frozen
extractors; (3) `encoding` again, all of it end to end. Phase 1 knows nothing of symbols, bits and channel, so one
phase 1 serves every point of a sweep with equal seed, views and extractor.

Legend of shapes: B samples, K links, P pixels a view, f features a view, d = d1 + d2 symbols a view in two rounds.
"""
