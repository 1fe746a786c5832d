"""The tree of reasons behind a plan, or behind any part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from enbloc.core.errors import InputError, nearest
from enbloc.planning.document import plain, plan_document
from enbloc.planning.plan import SCHEMA, Plan
from enbloc.planning.tree import Branch, drawn, step_branch
from enbloc.planning.why_blood import blood_branches
from enbloc.planning.why_cuts import cut_branches

MAX_BYTES = 64 << 20


def why(subject: object, path: str | None = None) -> str:
    """The reasons behind `subject` as a tree of text.

    `subject` is a Plan, the name of a plan.json, or any part of a plan that carries reasons (`plan.tumour`). `path`
    names a part of it with dots: `tumour.tomita_type`. Raises InputError for a file that is no plan and for a path that
    leads nowhere.
    """
    document, file = document_of(subject)
    part, name = at_path(document, path, file)
    try:
        branches = tuple(reasons(part, name))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        if file is None:
            raise
        raise InputError("a because[] is not of the form a plan has", file=file, field=name or None) from error
    if not branches:
        return "\n".join(drawn([Branch(f"{name or 'this part'} states facts and carries no reasons of its own")]))
    return "\n".join(drawn(branches))


def document_of(subject: object) -> tuple[Any, str | None]:
    if isinstance(subject, Plan):
        return plan_document(subject), None
    if isinstance(subject, str | PathLike):
        return read_plan(Path(subject)), str(subject)
    return plain(subject, ""), None


def read_plan(path: Path) -> dict[str, Any]:
    """The document in a plan.json; raises InputError for anything else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("is too large for a plan", file=path)
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError("is not JSON", file=path) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError("is not a plan", file=path, field="schema", hint=f"expected {SCHEMA}")
    return document


def at_path(document: Any, path: str | None, file: str | None) -> tuple[Any, str]:
    part, walked = document, ""
    for step in (path or "").split(".") if path else []:
        known = [str(i) for i in range(len(part))] if isinstance(part, list) else list(part) if is_table(part) else []
        if step not in known:
            hint = nearest(step, known) or (f"known here: {', '.join(known)}" if known else "nothing lies below this")
            raise InputError(f"the plan has no {step!r} here", file=file, field=walked or None, hint=hint)
        part = part[int(step)] if isinstance(part, list) else part[step]
        walked = f"{walked}.{step}" if walked else step
    return part, walked


def is_table(value: object) -> bool:
    return isinstance(value, dict)


def reasons(part: Any, name: str) -> Iterator[Branch]:
    """One branch for every place at or below `part` that carries reasons, or says why it did not run."""
    if isinstance(part, list):
        for i, inner in enumerate(part):
            yield from reasons(inner, f"{name}.{i}")
    if not isinstance(part, dict):
        return
    found = cut_branches(part, name) or blood_branches(part, name)
    if found:
        yield from found
    elif "skipped" in part:
        yield Branch(f"{name or 'this part'}: did not run, {part['skipped']}")
    elif "because" in part:
        yield Branch(claim(name, part), tuple(map(step_branch, part["because"])) + tuple(asides(part)))
    else:
        for key, inner in part.items():
            yield from reasons(inner, f"{name}.{key}" if name else key)


def claim(name: str, part: dict[str, Any]) -> str:
    """What is claimed, with its range where it has one, and the id of what it answers."""
    if "bands" in part:
        return f"{name}: {total(part)}"
    said = part.get("action", part.get("answer", part.get("value")))
    shown = "not determined" if said is None else str(said)
    low, high = part.get("low"), part.get("high")
    if low is not None and high is not None and low != high:
        shown += f" ({low} to {high} possible)"
    called = f"{name or 'claim'} ({part['id']})" if "id" in part else name or "claim"
    return f"{called}: {shown}" + (", borderline" if part.get("borderline") else "")


def total(score: dict[str, Any]) -> str:
    """A score's total with the bands that remain possible; of a scale, the grades."""
    low, high, bands = score["low"], score["high"], " or ".join(score["bands"])
    grade = score["parts"].get("grade")
    span = " or ".join(grade["possible"]) if grade else str(low) if low == high else f"{low} to {high}"
    return f"{span}, {bands}" if bands else span


def asides(part: dict[str, Any]) -> Iterator[Branch]:
    for caveat in part.get("caveats", ()):
        yield Branch(f"note {caveat['id']}: {caveat['text']}")
    yield from beside_score(part)
    yield from beside_advice(part)


AGREES = {True: "agrees", False: "disagrees", None: "neither agrees nor disagrees yet"}


def beside_advice(part: dict[str, Any]) -> Iterator[Branch]:
    """What stands beside a recommendation: other actions, other schools, open questions, what would turn it."""
    if part.get("alternatives"):
        yield Branch(f"also acceptable: {', '.join(part['alternatives'])}")
    for other in part.get("dissent", ()):
        said = f"{other['school']} {AGREES[other['agrees']]}: {other['action']}"
        yield Branch(said, tuple(map(step_branch, other["because"])))
    for question in part.get("missing", ()) if "possible" in part else ():
        yield Branch(f"not known: {question['field']} ({question['ask']})")
    for flip in part.get("flips", ()):
        was = "not known" if flip["from"] is None else toml_word(flip["from"])
        yield Branch(f"would be {flip['gives']} if {flip['field']} were {toml_word(flip['to'])} ({was})")


def toml_word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def beside_score(part: dict[str, Any]) -> Iterator[Branch]:
    """The open items of a score, and the answers that would settle its band."""
    for missing in part.get("missing", ()) if "bands" in part else ():
        settled = (Branch(f"{answer} would settle it: {band}") for answer, band in missing["settles"].items())
        yield Branch(f"not known: {missing['item']} ({', '.join(missing['fields']) or missing['ask']})", tuple(settled))
