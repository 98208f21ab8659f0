"""The environment variables that Splitwave reads, and those that change how its libraries behave."""

import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from splitwave.common.config.layers import load_config
from splitwave.common.config.setting_names import ENVIRONMENT_PREFIX
from splitwave.common.errors import ConfigError
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed

_OF_LIBRARIES = (
    "PYTHONPATH",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
_SECRET = re.compile("PASSWORD|TOKEN|KEY|SECRET|CREDENTIAL", re.IGNORECASE)
"""Names of variables whose values are in no report."""


def check_variables(_circumstances: Circumstances) -> Iterator[Finding]:
    """List the variables, and resolve the settings with them."""
    own = sorted(name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX))
    for name in [*own, *(name for name in _OF_LIBRARIES if name in os.environ)]:
        yield Finding(name, shown(name, os.environ[name]))
    yield _settings(len(own))


def shown(name: str, text: str) -> str:
    """Return the text of a variable as a report shows it: a secret, as its name says, is not shown."""
    return "(not shown)" if _SECRET.search(name) else without_password(text)


def without_password(text: str) -> str:
    """Return the text of a variable without the user and the password of a URL, because reports are public."""
    if "://" not in text or "@" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return "(a URL with a password)"
    return parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}").geturl()


def _settings(count: int) -> Finding:
    try:
        load_config()
    except ConfigError as error:
        return failed("settings", str(error), "correct or unset the variable")
    return Finding("settings", f"valid with {count} variable{'' if count == 1 else 's'} {ENVIRONMENT_PREFIX}*")
