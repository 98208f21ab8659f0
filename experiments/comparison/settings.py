"""The settings in which runs differ, and the names and groups that follow from them."""

from collections.abc import Iterator, Mapping, Sequence

from splitwave.experiments.comparison.runs import ComparedRun

SEED = "seed"
_LONGEST_NAME = 60


def differing(runs: Sequence[ComparedRun]) -> dict[str, list[object]]:
    """Return the values of each setting in which runs differ, by dotted path, in the order of the runs."""
    flat = [dict(_leaves(run.config.model_dump(mode="json"))) for run in runs]
    values = {path: [each.get(path) for each in flat] for path in flat[0]}
    return {path: row for path, row in values.items() if any(value != row[0] for value in row)}


def names_of(runs: Sequence[ComparedRun]) -> list[str]:
    """Return a short and unique name for each run: the values in which it differs, or its folder."""
    different = differing(runs)
    names = [
        ", ".join(f"{path.rpartition('.')[2]} {row[number]}" for path, row in different.items())
        for number in range(len(runs))
    ]
    if len(set(names)) < len(names) or max(map(len, names)) > _LONGEST_NAME:
        return [f"{number}: {run.folder.name}" for number, run in enumerate(runs, start=1)]
    return names


def groups_of(runs: Sequence[ComparedRun]) -> list[list[ComparedRun]]:
    """Return the runs in groups of equal settings, apart from the seed, in the order of their first runs."""
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs:
        settings = run.config.model_copy(update={SEED: 0})
        groups.setdefault(settings.config_hash, []).append(run)
    return list(groups.values())


def _leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
