"""JSON Schema of plan.json, read off the dataclasses. Objects stay open, because fields may be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from enbloc.case import Case, case_schema
from enbloc.planning.document import key, written
from enbloc.planning.plan import SCHEMA, Plan

SIMPLE = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def plan_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of plan.json."""
    case = {key: value for key, value in case_schema().items() if key != "$schema"}
    definitions: dict[str, Any] = {**case.pop("$defs"), "Case": case}
    top = described(Plan, definitions)
    top["properties"] = {"schema": {"const": SCHEMA}, **{k: v for k, v in top["properties"].items() if k != "schema"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **top,
        "$defs": dict(sorted(definitions.items())),
    }


def described(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """The object schema of a dataclass; every field is always written, so all are required."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if written(field)]
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {key(name): schema_of(hints[name], definitions) for name in names},
        "required": sorted(map(key, names)),
    }


def schema_of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in SIMPLE:
        return {"type": SIMPLE[hint]}
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(part, definitions) for part in inner]}
    if origin is tuple:
        return list_schema(inner, definitions)
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema_of(inner[1], definitions)}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [member.value for member in hint]}
    if isinstance(hint, type) and (hint is Case or is_dataclass(hint)):
        return reference(hint, definitions)
    raise TypeError(f"{hint} has no place in plan.json")


def list_schema(inner: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if inner[-1] is Ellipsis:
        return {"type": "array", "items": schema_of(inner[0], definitions)}
    parts = [schema_of(part, definitions) for part in inner]
    return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}


def reference(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # holds the place, should a class ever contain itself
        definitions[kind.__name__] = described(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}
