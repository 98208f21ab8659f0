"""All figures, by name: those of both papers, and the error without some links."""

from splitwave.experiments.paper import hyper_vib, missing_links, qml_ib

FIGURES = {**qml_ib.FIGURES, **hyper_vib.FIGURES, **missing_links.FIGURES}
