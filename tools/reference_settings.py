"""The reference page of the settings, from the JSON schema of `RunConfig`."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from splitwave.common.config.run_config import RunConfig

Schema = Mapping[str, Any]

_INTRODUCTION = """\
# Configuration

<!-- Written by `python -m tools.reference_pages`; do not edit. -->

A run is decided by its settings. They are merged from four layers, each of which overrides the one before:

1. the defaults, listed below;
2. a YAML file, `-c FILE` (or the name of a shipped one, such as `-c mnist-k2`);
3. environment variables: `SPLITWAVE_` and the path in capitals, with two underscores for the dot, such as
   `SPLITWAVE_TRAINING__EPOCHS=3` for `training.epochs`;
4. the command line: `--set training.epochs=3`, as often as needed.

`splitwave config show` prints the merged settings, `splitwave config schema` the JSON schema that this page is made of.
An unknown setting, a value of the wrong type and a value out of range are refused, with the path, the value and the
layer that it came from, for a file with line and column ([exit code 2](../exit-codes.md)). `configs/demo.yaml` holds
every default with a comment.

## Files and values

Files, variables and `--set` are read by the same rules, the core schema of YAML 1.2: `010` is ten, `1e-3` a number, and
`true` and `false` are the only booleans; `yes`, `1_000`, `1:30` and `2024-01-31` are text. A file is in UTF-8 (or in
UTF-16 with a byte order mark), indented with spaces, and at most 64 KiB long. Merges work, and the keys beside `<<`
override merged ones:

    objective: &shared {draws: 2}
    hypernetwork:
      <<: *shared
      beta: [0.001, 1.0]

A key that is set twice is an error. A section without content sets nothing; neither does an empty file, but it causes a
warning. An empty variable sets nothing, and `--set seed=` is an error.

A variable `SPLITWAVE_…` that is neither a setting nor `SPLITWAVE_DATA_DIR` is an error if it looks like a misspelling,
which the message then corrects; otherwise it is ignored with a warning. The variables that Kubernetes adds to every
container beside a Service called `splitwave` or `splitwave-…` (`SPLITWAVE_PORT=tcp://…`, `SPLITWAVE_SERVICE_HOST`) are
ignored without one."""

_HEAD = "| setting | value | default |\n|---|---|---|"
_TYPES = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false", "null": "null"}
_LIMITS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))


def settings_page() -> str:
    """Return the page as Markdown."""
    schema = RunConfig.model_json_schema()
    sections = {name: _resolve(field, schema) for name, field in schema["properties"].items() if "$ref" in field}
    own = {name: field for name, field in schema["properties"].items() if name not in sections}
    general = _section("General", RunConfig.__doc__ or "", own, schema, "")
    rest = [
        _section(f"`{name}`", section["description"], section["properties"], schema, f"{name}.")
        for name, section in sections.items()
    ]
    return "\n\n".join([_INTRODUCTION, general, *rest]) + "\n"


def _section(title: str, description: str, fields: Mapping[str, Schema], schema: Schema, prefix: str) -> str:
    rows = [row for name, field in fields.items() for row in _rows(prefix + name, field, schema)]
    return "\n\n".join([f"## {title}", inspect.cleandoc(description), "\n".join([_HEAD, *rows])])


def _rows(path: str, field: Schema, schema: Schema) -> Iterator[str]:
    """Yield the row of a setting, or those of a section within a section."""
    resolved = _resolve(field, schema)
    if resolved.get("type") != "object":
        yield _row(path, field, schema)
        return
    for name, leaf in resolved["properties"].items():
        yield from _rows(f"{path}.{name}", leaf, schema)


def _row(path: str, field: Schema, schema: Schema) -> str:
    default = json.dumps(field["default"], ensure_ascii=False) if "default" in field else "(required)"
    return f"| `{path}` | {_value(field, schema)} | `{default}` |"


def _value(field: Schema, schema: Schema) -> str:
    """Return the allowed values of a field in words."""
    field = _resolve(field, schema)
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return ", or ".join(_value(each, schema) for each in field["anyOf"])
    if field.get("type") == "object":
        return f"{{{', '.join(f'{name}: …' for name in field['properties'])}, option: …}}"
    if field.get("type") == "array":
        return f"list of {_length(field)}({_value(field['items'], schema)})"
    return f"{_TYPES[field['type']]}{''.join(_limits(field))}"


def _length(field: Schema) -> str:
    lowest, highest = field.get("minItems"), field.get("maxItems")
    return f"{lowest} × " if lowest is not None and lowest == highest else ""


def _limits(field: Schema) -> Iterator[str]:
    found = [f"{sign} {field[key]:,}" for key, sign in _LIMITS if key in field]
    if found:
        yield f" {' and '.join(found)}"


def _resolve(field: Schema, schema: Schema) -> Schema:
    reference = field.get("$ref")
    return field if reference is None else schema["$defs"][reference.rsplit("/", 1)[1]]
