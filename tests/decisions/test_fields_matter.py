"""Every field of a case changes something in the plan, or is listed as kept for the record."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from enbloc.case import Case
from enbloc.case.problems import inner_model, literals
from enbloc.planning import plan, plan_document

RECORD_ONLY = {
    "schema",
    "id",
    "patient.age_years",
    "patient.sex",
}
WITH_IMAGES = "imaging."
"""Read by the image room, whose tests hold them."""
LESION = {"level": "L3", "symptomatic": True}
COMMON: dict[str, Any] = {"schema": "enbloc.case/1", "id": "a", "extent": {"levels": ["T8"], "tomita_type": 5}}
TYPE_3 = {"levels": ["T8"], "tomita_type": 3}
METASTASIS = {"kind": "metastasis"}
BASES: tuple[dict[str, Any], ...] = (
    {**COMMON, "tumour": METASTASIS, "lesions": [LESION]},
    {
        **COMMON,
        "extent": TYPE_3,
        "tumour": {**METASTASIS, "growth": "slow"},
        "status": {"ecog": 2, "bone_metastases": "isolated", "visceral_metastases": "none"},
    },
    {**COMMON, "tumour": {**METASTASIS, "histology": "breast-carcinoma"}},
    {**COMMON, "tumour": {**METASTASIS, "histology": "lung-carcinoma"}},
    {
        **COMMON,
        "tumour": {"kind": "primary-benign", "enneking_stage": "S3"},
        "lesions": [{**LESION, "mass_sized": False}],
    },
)
NUMBERS = (0, 1, 2, 3, 5, 10, 30, 50, 90, 200, 300, 5_000, 150_000)
SAMPLES: dict[str, tuple[Any, ...]] = {
    "extent.levels": (["T8"], ["L4"]),
    "extent.zones": (["body"], ["body", "canal"]),
    "tumour.histology": ("breast-carcinoma", "lung-carcinoma"),
    "lesions.level": ("T3", "L5"),
    "vessels.cord_feeders": (["T9-left"], ["L3-left"]),
    "vessels.adamkiewicz": ("T9-left", "L3-left"),
    "planned.levels": (["T8"], ["L4"]),
}


def case_fields(model: type[BaseModel] = Case, prefix: str = "") -> dict[str, Any]:
    """Every leaf of the case by its dotted name, with its annotation."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        dotted, inner = f"{prefix}{field.alias or name}", inner_model(field.annotation)
        found |= case_fields(inner, f"{dotted}.") if inner else {dotted: field.annotation}
    return found


FIELDS = {name: kind for name, kind in case_fields().items() if not name.startswith(WITH_IMAGES)}


def samples(name: str) -> tuple[Any, ...]:
    if name in SAMPLES:
        return SAMPLES[name]
    options = tuple(literals(FIELDS[name]))
    return options or ((True, False) if "bool" in str(FIELDS[name]) else NUMBERS)


def stating(base: dict[str, Any], name: str, value: Any) -> str | None:
    """What the plan says, its record of the case left out; None where the case cannot state that."""
    section, key = name.split(".")
    tables = (
        {**base, section: [{**LESION, **row, key: value} for row in base.get("lesions", ())]}
        if section == "lesions"
        else {**base, section: {**base.get(section, {}), key: value}}
    )
    if name == "extent.zones":
        tables["extent"] = {"levels": ["T8"], "zones": value}
    try:
        case = Case.model_validate(tables)
    except ValueError:
        return None
    document = plan_document(plan(case))
    return str({key: part for key, part in document.items() if key not in ("case", "manifest")})


@pytest.mark.parametrize("name", sorted(set(FIELDS) - RECORD_ONLY))
def test_every_case_field_matters(name):
    for base in BASES:
        said = {text for value in samples(name) if (text := stating(base, name, value)) is not None}
        if len(said) > 1:
            return
    pytest.fail(f"{name} changes nothing: read it, or list it as kept for the record")


@pytest.mark.parametrize("name", ["patient.age_years", "patient.sex"])
def test_what_is_kept_for_the_record_changes_nothing(name):
    """So that the list above cannot hide a field that is read."""
    said = {text for value in samples(name) if (text := stating(BASES[0], name, value)) is not None}
    assert len(said) == 1
