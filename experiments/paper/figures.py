"""All figures, by name: those of both papers, the error without some links and over fading ones, and digital mode."""

from splitwave.experiments.paper import channels, digital, hyper_vib, missing_links, qml_ib

FIGURES = {
    **qml_ib.FIGURES,
    **hyper_vib.FIGURES,
    **missing_links.FIGURES,
    **channels.FIGURES,
    **digital.FIGURES,
}
