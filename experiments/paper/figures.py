"""The figures of both papers, by name."""

from splitwave.experiments.paper import hyper_vib, qml_ib

FIGURES = {**qml_ib.FIGURES, **hyper_vib.FIGURES}
