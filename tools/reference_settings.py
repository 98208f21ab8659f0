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
layer that it came from ([exit code 2](../exit-codes.md)). `configs/demo.yaml` holds every default with a comment.

Numbers written like `1e-3` need a dot in a YAML file (`1.0e-3`); YAML takes the short form for text."""

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
    rows = [_row(prefix + name, field, schema) for name, field in fields.items()]
    return "\n\n".join([f"## {title}", inspect.cleandoc(description), "\n".join([_HEAD, *rows])])


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
