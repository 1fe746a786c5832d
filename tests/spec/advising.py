"""How the spec tests of decisions state a patient: plain facts by the name of their case field."""

from __future__ import annotations

from typing import Any

from enbloc.case import Case
from enbloc.decisions import Advice, Policy, recommend
from enbloc.scores import evaluate_all
from enbloc.tumour import from_statement

SECTIONS = ("extent", "tumour", "status", "history", "vessels", "planned")


def case_of(**facts: Any) -> Case:
    """A case that states `facts`; nothing else is known, but that only types 6 and 7 touch other vertebrae."""
    kind = facts.get("tomita_type")
    facts = {"skip_lesion": kind == 7, "adjacent_vertebra": kind == 6, **facts}
    tables: dict[str, Any] = {"schema": "enbloc.case/1", "id": "spec", "lesions": facts.pop("lesions", ())}
    for key, value in facts.items():
        section = next(name for name in SECTIONS if key in Case.model_fields[name].annotation.model_fields)
        tables.setdefault(section, {})[key] = value
    return Case.model_validate(tables)


def advise(policy: Policy | None = None, **facts: Any) -> Advice:
    """The advice for a patient of whom these facts are known."""
    case = case_of(**facts)
    extent = from_statement(case.extent)
    return recommend(case, extent, evaluate_all(case, extent), policy or Policy())


def ids(caveats: Any) -> set[str]:
    return {caveat.id for caveat in caveats}


def says(advice: Any, school: str) -> Any:
    """What a school says beside a recommendation; None when it is silent."""
    return next((other for other in advice.dissent if school in other.school), None)


METASTASIS = {"kind": "metastasis", "ecog": 1, "visceral_metastases": "none", "bone_metastases": "isolated"}
"""A metastasis that passes the gate, no viscera, no other bone: its score is 1 and that of its growth."""
WITH_SCORE = {
    2: {**METASTASIS, "growth": "slow"},
    3: {**METASTASIS, "growth": "moderate"},
    4: {**METASTASIS, "growth": "moderate", "bone_metastases": "multiple"},
    5: {**METASTASIS, "growth": "rapid"},
    6: {**METASTASIS, "growth": "rapid", "bone_metastases": "multiple"},
    7: {**METASTASIS, "growth": "rapid", "visceral_metastases": "treatable"},
    8: {**METASTASIS, "growth": "rapid", "visceral_metastases": "treatable", "bone_metastases": "multiple"},
    9: {**METASTASIS, "growth": "rapid", "visceral_metastases": "untreatable"},
    10: {**METASTASIS, "growth": "rapid", "visceral_metastases": "untreatable", "bone_metastases": "multiple"},
}
"""One patient for each total of the Tomita score; sums by hand: growth 1, 2, 4; viscera 0, 2, 4; bone 1, 2."""
