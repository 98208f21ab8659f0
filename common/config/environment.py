"""Finds the settings among the environment variables; variables of other origin stop nothing."""

import re
from collections.abc import Iterator, Mapping

from splitwave.common.config.setting_errors import FROM_ENVIRONMENT
from splitwave.common.config.setting_names import (
    ENVIRONMENT_PREFIX,
    OTHER_VARIABLES,
    misspelled_variables,
    sections,
    setting_of,
    settings,
    similar_variables,
)
from splitwave.common.config.settings_file import Layer, Warn, nested, parse_value
from splitwave.common.spelling import did_you_mean

_SERVICE = rf"{ENVIRONMENT_PREFIX}(?:[A-Z0-9_]+_)?"
_PORT = r"PORT_\d+_(?:TCP|UDP|SCTP)"
_LINK_PART = re.compile(rf"{_SERVICE}(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|{_PORT}_(?:PROTO|PORT|ADDR))")
_LINK_URL = re.compile(rf"{_SERVICE}(?:PORT|{_PORT})")
_URL = re.compile(r"(?:tcp|udp|sctp)://")


def settings_in(environment: Mapping[str, str], warn: Warn) -> Iterator[Layer]:
    """Yield each setting that a variable sets, with the misspelled ones, whose names are refused later.

    Another variable with the prefix is reported and otherwise ignored, because a user's scripts may have their own.
    Those that Kubernetes adds to every container beside a Service called splitwave or splitwave-… are not reported.

    Raises:
        ConfigError: the value of a setting is not YAML.
    """
    known, groups = frozenset(settings()), frozenset(sections())
    for variable, text in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or not text.strip() or variable in OTHER_VARIABLES:
            continue
        dotted, source = setting_of(variable), f"{FROM_ENVIRONMENT}{variable}"
        if dotted in known or (dotted in groups and text.lstrip().startswith("{")):
            yield Layer(nested(dotted, parse_value(text, source)), source)
        elif _is_service_link(variable, text):
            continue
        elif misspelled_variables(variable):
            yield Layer(nested(dotted, text), source)
        else:
            warn(f"{source} is ignored: no such setting{did_you_mean(similar_variables(variable))}")


def _is_service_link(variable: str, text: str) -> bool:
    if _LINK_PART.fullmatch(variable):
        return True
    return bool(_LINK_URL.fullmatch(variable) and _URL.match(text))
