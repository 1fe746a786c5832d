"""Plan to plan.json. Floats are rounded here, once: this is the door.

Lengths and volumes to 0.001 (mm, mm³), shares to 0.0001, directions to 0.000001, every other number to 6 significant
digits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from enbloc.case import Case, facts
from enbloc.core.evidence import Measured
from enbloc.core.files import write_whole
from enbloc.planning.plan import Plan

RESECTION_SCHEMA = "enbloc.resection/1"
VOXEL_INDICES = "box"

DECIMALS = {"share": 4, "right": 6, "anterior": 6, "superior": 6, "normal": 6}


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON values, in the order of the contract."""
    document = plain(plan, "")
    return {"schema": document.pop("schema"), **document}


def resection_document(plan: Plan, own: object = None) -> dict[str, Any]:
    """The resection of a plan by itself, with the surgeon's own cuts scored beside it where there are any."""
    return {
        "schema": RESECTION_SCHEMA,
        "case": plan.case.id,
        "resection": plain(plan.resection, "resection"),
        "revised": plain(plan.revised, "revised"),
        "own": plain(own, "own"),
    }


def plain(value: object, name: str) -> Any:
    """`value` as JSON; `name` is its field, which says how it is rounded."""
    if isinstance(value, Case):
        return facts(value)
    if isinstance(value, Measured):  # the unit stands in the name of the field that holds it
        return {f.name: scalar(getattr(value, f.name), name) for f in fields(value)}
    if is_dataclass(value):
        return {key(f.name): plain(getattr(value, f.name), f.name) for f in fields(value) if written(f)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [plain(inner, name) for inner in value]
    if value is None or isinstance(value, bool | int | str | float):
        return scalar(value, name)
    raise TypeError(f"{name}: {type(value).__name__} has no place in plan.json")


def written(member: Field[Any]) -> bool:
    """Whether a field stands in plan.json: voxels (equality does not look at them) and voxel indices do not."""
    return member.compare and member.name != VOXEL_INDICES


def key(name: str) -> str:
    """The name that a field is written under: `from_` cannot be called `from` in Python."""
    return name.removesuffix("_")


def scalar(value: str | float | None, name: str) -> str | float | None:
    """The plain value itself: an enumeration's member becomes its text, a float is rounded."""
    if isinstance(value, str):
        return str(value)
    return rounded(float(value), name) if isinstance(value, float) else value


def rounded(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{name}: {value} has no place in plan.json")
    decimals = 3 if name.endswith(("_mm", "_mm3")) else DECIMALS.get(name)
    near = float(f"{value:.6g}") if decimals is None else round(value, decimals)
    return near + 0.0  # turns -0.0 into 0.0


def plan_json(plan: Plan) -> str:
    """The text of plan.json; equal plans give equal bytes."""
    return json.dumps(plan_document(plan), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_plan_json(plan: Plan, path: str | PathLike[str]) -> None:
    """Writes plan.json to `path`, whole or not at all."""
    write_whole(Path(path), plan_json(plan))
