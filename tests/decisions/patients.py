"""Random patients: each fact of the case known or not."""

from __future__ import annotations

import copy
import random
from typing import Any

from enbloc.case import Case
from enbloc.decisions import Advice, recommend
from enbloc.scores import evaluate_all
from enbloc.tumour import from_statement

YES_NO = (True, False)
LEVELS = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)]
FACTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "extent": {
        "tomita_type": (1, 2, 3, 4, 5),
        "encapsulated": YES_NO,
        "healthy_cut": YES_NO,
        "major_vessel_involved": YES_NO,
        "segmental_artery_involved": YES_NO,
    },
    "tumour": {
        "kind": ("metastasis", "metastasis", "primary-malignant", "primary-benign"),
        "growth": ("slow", "moderate", "rapid"),
        "enneking_stage": ("S1", "S2", "S3", "IA", "IB", "IIA", "IIB", "III"),
    },
    "status": {
        "ecog": (0, 1, 2, 3, 4),
        "kps": (20, 40, 60, 80, 100),
        "visceral_metastases": ("none", "treatable", "untreatable"),
        "bone_metastases": ("isolated", "multiple"),
    },
    "history": {"prior_surgery": YES_NO},
}


def patient(rng: random.Random, known: float = 0.8) -> dict[str, Any]:
    """The tables of a case that does not contradict itself; the level and the rest of the column always known."""
    case: dict[str, Any] = {"schema": "enbloc.case/1", "id": "random"}
    for section, keys in FACTS.items():
        case[section] = {key: rng.choice(values) for key, values in keys.items() if rng.random() < known}
    case["extent"] |= {"levels": [rng.choice(LEVELS)], "adjacent_vertebra": False, "skip_lesion": False}
    benign = case["tumour"].get("enneking_stage", "S1").startswith("S")
    if case["tumour"].get("kind") == ("primary-malignant" if benign else "primary-benign"):
        case["tumour"].pop("enneking_stage", None)
    if case["tumour"].get("enneking_stage", "III") != "III":
        case["status"]["visceral_metastases"] = "none"  # else it would be stage III
    return case


def advised(tables: dict[str, Any]) -> Advice:
    case = Case.model_validate(tables)
    extent = from_statement(case.extent)
    return recommend(case, extent, evaluate_all(case, extent))


def with_fact(tables: dict[str, Any], field: str, to: Any) -> dict[str, Any]:
    """The case with one field changed."""
    section, key = field.split(".")
    changed = copy.deepcopy(tables)
    changed.setdefault(section, {})[key] = [to] if key == "levels" else to
    return changed
