"""The names of the settings: as dotted paths, and as environment variables."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from pydantic import BaseModel

from splitwave.common.config.run_config import RunConfig
from splitwave.common.spelling import likely, likeness

ENVIRONMENT_PREFIX = "SPLITWAVE_"
ENVIRONMENT_NESTING = "__"
OTHER_VARIABLES = frozenset({"SPLITWAVE_DATA_DIR", "SPLITWAVE_TLS_DIR"})
"""Variables with the prefix that are not settings."""

_WEIGHT_OF_SECTION = 0.3
_NEARLY_EQUAL = 0.85


def sections() -> Iterator[str]:
    """Yield the name of every section of a config file."""
    for name, field in RunConfig.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield name


def settings() -> Iterator[str]:
    """Yield the dotted path of every setting."""
    yield from _leaves(RunConfig, "")


def _leaves(section: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _leaves(type(field.default), f"{prefix}{name}.")
        else:
            yield prefix + name


def setting_of(variable: str) -> str:
    """Return the dotted path that a variable sets: training.epochs for SPLITWAVE_TRAINING__EPOCHS."""
    return variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace(ENVIRONMENT_NESTING, ".")


def variable_of(dotted: str) -> str:
    """Return the variable that sets a dotted path: SPLITWAVE_TRAINING__EPOCHS for training.epochs."""
    return ENVIRONMENT_PREFIX + dotted.upper().replace(".", ENVIRONMENT_NESTING)


def likely_settings(written: str) -> list[str]:
    """Return the dotted paths that resemble what was written, the most similar first."""
    return likely(written, settings(), _path_likeness)


def likely_sections(written: str) -> list[str]:
    """Return the sections that resemble what was written, the most similar first."""
    return likely(written, sections())


def similar_variables(written: str) -> list[str]:
    """Return the environment variables that resemble what was written, the most similar first."""
    return likely(written, _variables(), _variable_likeness)


def misspelled_variables(written: str) -> list[str]:
    """Return the variables that were likely meant, the most similar first; none for a name of other purpose.

    With two underscores it follows the pattern of settings, and a resemblance is enough. Other names, such as
    SPLITWAVE_ROOT, may belong to a user's script: only the name of a setting without its section, or a path that is
    nearly equal, counts.
    """
    similar = similar_variables(written)
    if ENVIRONMENT_NESTING in written.removeprefix(ENVIRONMENT_PREFIX):
        return similar
    return [known for known in similar if known in OTHER_VARIABLES or _is_nearly(written, known)]


def _is_nearly(written: str, known: str) -> bool:
    section, _, leaf = known.removeprefix(ENVIRONMENT_PREFIX).rpartition(ENVIRONMENT_NESTING)
    written = written.removeprefix(ENVIRONMENT_PREFIX).upper()
    return written == leaf or SequenceMatcher(None, written, f"{section}_{leaf}".lstrip("_")).ratio() > _NEARLY_EQUAL


def _variables() -> Iterator[str]:
    yield from OTHER_VARIABLES
    yield from map(variable_of, settings())


def _variable_likeness(written: str, known: str) -> float:
    """Return the similarity of two variables without their prefix, which would make any two similar."""
    if known in OTHER_VARIABLES:
        return likeness(written.removeprefix(ENVIRONMENT_PREFIX), known.removeprefix(ENVIRONMENT_PREFIX))
    return _path_likeness(setting_of(written), setting_of(known))


def _path_likeness(written: str, known: str) -> float:
    """Return the similarity of two dotted paths; the section weighs less than the name, and is often left out."""
    section, dot, leaf = written.rpartition(".")
    known_section, _, known_leaf = known.rpartition(".")
    if not dot:  # also training_epochs, for training.epochs
        return max(likeness(leaf, known_leaf), likeness(leaf, known.replace(".", "_")))
    of_section, of_leaf = likeness(section, known_section), likeness(leaf, known_leaf)
    return _WEIGHT_OF_SECTION * of_section + (1 - _WEIGHT_OF_SECTION) * of_leaf
