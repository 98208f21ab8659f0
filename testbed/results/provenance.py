"""Records the origin of a result, `env.json`: commit, packages, machine, data and command."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import requires, version
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import find
from splitwave.common.named_object import module_file

_DISTRIBUTION = "splitwave"

_REQUIREMENT = re.compile(r"""(?P<name>[\w.-]+)[^;]*(?:;.*\bextra == ["'](?P<extra>[\w-]+)["'])?""")
"""A line such as `rich>=13.9; extra == "testbed"`."""

_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sse2": "SSE2", "sve": "SVE", "asimd": "NEON"}
"""Names of vector instruction sets by their flag in /proc/cpuinfo, widest first."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The revision of the running code, and whether the working tree differs from it."""

    sha: str
    dirty: bool


def current_commit() -> Commit | None:
    """Return the commit of the running code, or None if it does not run from a git checkout."""
    # The package may be installed inside a checkout of another project, so check that git tracks this file.
    if _git("ls-files", "--error-unmatch", "--", str(_this_file())) is None:
        return None
    sha = _git("rev-parse", "--verify", "--quiet", "HEAD")
    return None if sha is None else Commit(sha, dirty=bool(_git("status", "--porcelain")))


def describe_environment(config: RunConfig, data_dir: Path | None) -> Mapping[str, object]:
    """Describe everything that a result may depend on besides the settings."""
    commit = current_commit()
    data_set = find(config.data.choice)
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
        **_own_modules(config),
        "data_sha256": {
            "train": data_set.content_digest("train", data_dir),
            "test": data_set.content_digest("test", data_dir),
        },
    }


def _own_modules(config: RunConfig) -> Mapping[str, object]:
    """The SHA-256 of each file that the settings name a network, a channel model or a function of, by its module."""
    named = config.named_objects.values()
    files = {module: module_file(module) for module in sorted({name.partition(":")[0] for name in named})}
    digests = {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file is not None}
    return {"own_modules": digests} if named else {}


def package_versions() -> dict[str, str]:
    """Return the installed versions of this distribution and of what a testbed requires."""
    found = map(_REQUIREMENT.match, requires(_DISTRIBUTION) or [])
    names = [each["name"] for each in found if each is not None and each["extra"] in (None, "testbed")]
    return {name: version(name) for name in (_DISTRIBUTION, *names)}


def cpu_model() -> str:
    """Return the processor's name from /proc/cpuinfo, or Python's guess where that is missing."""
    return _cpuinfo("model name") or platform.processor()


def cpu_vectors() -> str | None:
    """Return the processor's widest vector instruction set, or None where Linux does not list any.

    The order of summation depends on the vector width, and therefore so do the last bits of the weights. The
    processor's name is not enough, since one name ("AMD EPYC") covers several widths.
    """
    flags = (_cpuinfo("flags") or _cpuinfo("Features") or "").split()
    return next((name for flag, name in _VECTORS.items() if flag in flags), None)


def _cpuinfo(field: str) -> str | None:
    """Return a field of the first processor in /proc/cpuinfo, or None."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in fields if name.strip() == field), None)


def _this_file() -> Path:
    """Return this module's path without symbolic links: git does not follow those in src/splitwave."""
    return Path(__file__).resolve()


def _git(*arguments: str) -> str | None:
    """Return the output of a git command in this module's folder, or None if git fails or is not installed."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(_this_file().parent), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
