"""What a result came from: commit, packages, machine, data, command; `env.json`."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import requires, version
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import DATA_SETS

_DISTRIBUTION = "splitwave"

_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sse2": "SSE2", "sve": "SVE", "asimd": "NEON"}
"""Names of vector instructions by Linux's flag for them, wider ones first."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The revision of the code that runs, and whether files differ from it."""

    sha: str
    dirty: bool


def current_commit() -> Commit | None:
    """The commit of this code, or None where it does not run from a git checkout."""
    # An installed package can lie inside a checkout of something else: ask whether git tracks this very file.
    if _git("ls-files", "--error-unmatch", "--", str(_this_file())) is None:
        return None
    sha = _git("rev-parse", "--verify", "--quiet", "HEAD")
    return None if sha is None else Commit(sha, dirty=bool(_git("status", "--porcelain")))


def describe_environment(config: RunConfig, data_dir: Path | None) -> Mapping[str, object]:
    """Everything besides the settings that a result may depend on."""
    commit = current_commit()
    data_set = DATA_SETS.load(config.data.name)
    return {
        "command": ["splitwave", *sys.argv[1:]],
        "commit": commit.sha if commit else None,
        "dirty": commit.dirty if commit else None,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_model": cpu_model(),
        "cpu_vectors": cpu_vectors(),
        "cpu_count": os.cpu_count(),
        "packages": package_versions(),
        "data_sha256": {
            "train": data_set.content_digest("train", data_dir),
            "test": data_set.content_digest("test", data_dir),
        },
    }


def package_versions() -> dict[str, str]:
    """Installed versions of this distribution and of everything it requires to run."""
    required = [text for text in requires(_DISTRIBUTION) or [] if "extra ==" not in text]
    names = [re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in required]
    return {name: version(name) for name in (_DISTRIBUTION, *names)}


def cpu_model() -> str:
    """The processor's name, as Linux tells it, else as Python guesses it."""
    return _cpuinfo("model name") or platform.processor()


def cpu_vectors() -> str | None:
    """The widest vector instructions of the processor, or None where Linux does not tell.

    Sums are taken in an order that depends on their width, so the last bits of weights do, too; one name of a processor
    ("AMD EPYC") covers several widths.
    """
    flags = (_cpuinfo("flags") or _cpuinfo("Features") or "").split()
    return next((name for flag, name in _VECTORS.items() if flag in flags), None)


def _cpuinfo(field: str) -> str | None:
    """What Linux says of the first processor, or None."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in fields if name.strip() == field), None)


def _this_file() -> Path:
    """This module where git knows it: git does not follow the symbolic links of src/splitwave."""
    return Path(__file__).resolve()


def _git(*arguments: str) -> str | None:
    """What git answers about this code's folder, or None if it refuses or is not there."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(_this_file().parent), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
