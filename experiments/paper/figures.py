"""All figures, by name: those of both papers, the error without some links, and over fading ones."""

from splitwave.experiments.paper import channels, hyper_vib, missing_links, qml_ib

FIGURES = {**qml_ib.FIGURES, **hyper_vib.FIGURES, **missing_links.FIGURES, **channels.FIGURES}
