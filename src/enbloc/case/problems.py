"""Turns pydantic's list of errors into the one line of a CaseError."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from enbloc.case.model import SCHEMA, Case
from enbloc.core.errors import CaseError, nearest

ENNEKING_TRAP = 'benign stages are written "S1" "S2" "S3", malignant ones "IA" to "III": S3 and III are opposites'


def case_error(error: ValidationError, file: str) -> CaseError:
    """The first problem in full, the others counted. A misspelt key comes first: it explains a missing one."""
    problems = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    message, hint = said(problems[0])
    if len(problems) > 1:
        message += f"; {len(problems) - 1} more in this file"
    return CaseError(message, file=file, field=dotted(problems[0]["loc"]) or None, hint=hint)


def dotted(loc: tuple[int | str, ...]) -> str:
    """The place in the case file: `imaging.labels[0].file`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part[:60]}" for part in loc).removeprefix(".")


def said(problem: ErrorDetails) -> tuple[str, str | None]:
    """Message and hint for one problem, in words that the person with the case file understands."""
    kind, loc, value, context = problem["type"], problem["loc"], problem["input"], problem.get("ctx", {})
    if kind == "case":
        return str(context["message"]), context["hint"]
    if kind == "extra_forbidden":
        return "unknown key", key_hint(loc)
    if kind == "missing":
        return "missing", f'begin the file with schema = "{SCHEMA}"' if loc == ("schema",) else None
    if kind == "literal_error":
        return f"{shown(value)} is not one of {context['expected']}", choice_hint(loc, value)
    if kind in LIMITS:
        words, limit = LIMITS[kind]
        return f"{shown(value)} is not {words} {context[limit]}", None
    return f"{shown(value)} is not {EXPECTED.get(kind, problem['msg'])}", trap(loc)


LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list in brackets",
    "too_short": "a list with at least one entry",
    "finite_number": "a finite number",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def trap(loc: tuple[int | str, ...]) -> str | None:
    return ENNEKING_TRAP if loc[-1:] == ("enneking_stage",) else None


def choice_hint(loc: tuple[int | str, ...], value: object) -> str | None:
    if trap(loc) or not isinstance(value, str):
        return trap(loc)
    choices = [choice for choice in options(loc) if isinstance(choice, str)]
    same = next((choice for choice in choices if choice.lower() == value.lower()), None)
    return f"did you mean {same!r}?" if same else nearest(value, choices)


def options(loc: tuple[int | str, ...]) -> list[object]:
    *tables, key = [part for part in loc if isinstance(part, str)]
    model = model_at(tuple(tables))
    field = model.model_fields.get(key) if model else None
    return literals(field.annotation) if field else []


def literals(annotation: Any) -> list[object]:
    """Every literal value inside a type annotation."""
    if isinstance(annotation, (str, int)) and not isinstance(annotation, bool):
        return [annotation]
    return [value for part in get_args(annotation) for value in literals(part)]


def key_hint(loc: tuple[int | str, ...]) -> str | None:
    """The nearest key of this table; else the table in which the key belongs."""
    model, key = model_at(loc[:-1]), str(loc[-1])
    if model is None:
        return None
    if close := nearest(key, keys(model)):
        return close
    homes = [table for table in keys(Case) if (inner := model_at((table,))) is not None and key in keys(inner)]
    return (
        f"it belongs in [{homes[0]}]" if homes and homes[0] not in loc else f"known keys: {', '.join(keys(model)[:12])}"
    )


def keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def model_at(loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model of the table at a place in the case file."""
    model: type[BaseModel] | None = Case
    for part in loc:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = inner_model(field.annotation) if field else None
    return model


def inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := inner_model(part)) is not None), None)
