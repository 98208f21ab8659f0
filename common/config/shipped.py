"""The files that come with the package: configurations, sizes of boards, the compose files."""

from pathlib import Path

import splitwave
from splitwave.common.errors import ConfigError
from splitwave.common.files.denied import reason_of
from splitwave.common.spelling import did_you_mean, likely

SHIPPED = Path(splitwave.__file__).parent
"""The folder beside the packages that holds them; in a checkout as symbolic links."""

CONFIGS = SHIPPED / "configs"
BOARDS = CONFIGS / "boards"
COMPOSE_FILE = SHIPPED / "docker-compose.yml"
SERVING_COMPOSE_FILE = SHIPPED / "docker-compose.serving.yml"
"""Serves an exported model to live devices."""


def shipped_configs() -> list[str]:
    """Names of the configurations that `-c NAME` takes."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def find_config(path: Path) -> Path:
    """The file that a user means: a path, or the name of a shipped configuration, such as `mnist-k2`.

    Raises:
        ConfigError: there is neither, or it cannot be found out.
    """
    try:
        if path.exists():
            return path
    except OSError as error:  # a folder that must not be entered, a name that is too long
        raise ConfigError(f"{path}: cannot be read as a config file: {reason_of(error)}") from None
    names = shipped_configs()
    if path.suffix in ("", ".yaml") and path.parent == Path() and path.stem in names:
        return CONFIGS / f"{path.stem}.yaml"
    if path.stem in names:
        raise ConfigError(f"{path}: no such config file; `{path.stem}` alone names a shipped one")
    raise ConfigError(f"{path}: no such config file{did_you_mean(likely(path.stem, names))}")
