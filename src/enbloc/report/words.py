"""Numbers and codes of the plan in the words of the report."""

from __future__ import annotations

from enbloc.core.evidence import Step
from enbloc.core.levels import Level
from enbloc.knowledge import TypeMeaning, cite, tomita_types, tomita_zones
from enbloc.planning.plan import SpineFindings, TumourFindings
from enbloc.planning.tree import checked

UNKNOWN = "not known"
UNMEASURED = "not measured"
MARK = {"involved": "●", "possible": "◐", "free": "○"}
"""Signs that need no colour."""
EXTENT_BASIS = {
    "mask": "measured from the tumour mask",
    "stated": "as stated in the case file, not measured",
    "mask-and-stated": "measured from the tumour mask and completed by the case file",
}
FRAME_BASIS = {
    "own-bone": "from its own bone",
    "neighbours": "from its neighbours: too little of its own bone is left",
    "fitted": "from its neighbours' shape, fitted to the bone that is left",
    "not-modelled": "not modelled at this level",
}
NUMBERING_BASIS = {"label-map": "the label map", "anchor": "the anchor given in the case file"}
COMPARTMENT = {
    "intracompartmental": "inside one compartment (intracompartmental)",
    "extracompartmental": "beyond its compartment (extracompartmental)",
    "multiple": "several compartments (multiple lesions)",
}
CHECKED = {
    "seed": "seed paper",
    "primary": "checked in the source",
    "secondary": "from a secondary source",
    "unverified": "not verified",
}


def volume(mm3: float | None) -> str:
    """mm³ below one millilitre, mL above."""
    if mm3 is None:
        return UNMEASURED
    return f"{mm3:.0f} mm³" if mm3 < 999.5 else f"{mm3 / 1000:.1f} mL"


def share(fraction: float | None) -> str:
    if fraction is None:
        return "–"
    if 0.0 < fraction < 0.01:
        return "< 1 %"
    return f"{100 * fraction:.0f} %"


def length(mm: float | None) -> str:
    return UNMEASURED if mm is None else f"{mm:.1f} mm"


def plain(code: str) -> str:
    """A kebab-case code as words."""
    return code.replace("-", " ")


def said(known: dict[str, str], code: str) -> str:
    return known.get(code, plain(code))


def zone(code: str) -> str:
    return "disc below" if code == "disc" else plain(code)


def zone_meaning(code: str) -> str:
    """What the zone holds, as the knowledge table says it; empty for what is not one of the numbered zones."""
    family = code.partition("-")[0]
    return next((row.says for row in tomita_zones() if row.zone == family), "")


def meaning(number: int | None) -> TypeMeaning | None:
    return next((row for row in tomita_types() if row.type == number), None)


def type_range(tumour: TumourFindings) -> str:
    """The types that the measurement leaves open."""
    tomita = tumour.tomita_type
    if tomita.low is None or tomita.high is None:
        return "open"
    return f"{tomita.low}" if tomita.low == tomita.high else f"{tomita.low} to {tomita.high}"


def cited(source: str) -> str:
    return cite(source)


def citation(step: Step) -> str:
    return f"{cite(step.source)} ({said(CHECKED, step.checked or checked(step.source))})"


def answer(involvement: str | None, basis: str) -> str:
    """A yes-or-no finding in words. A mask shows what is in view, so its "no" is no more than "none seen"."""
    if involvement is None:
        return UNKNOWN
    no = "no" if basis == "stated" else "none seen"
    return {"involved": "yes", "possible": "possible, within the noise floor"}.get(involvement, no)


def certainty(basis: str) -> str:
    """What stands under a type whose range is closed. A statement is no measurement, and the noise floor no proof."""
    return "as stated" if basis == "stated" else "no other within the noise floor"


def canal(width_mm: float | None, depth_mm: float | None, closed: bool) -> str:
    """Width by depth of the canal and whether a closed ring of bone was found."""
    ring = "closed ring" if closed else "no closed ring of bone"
    return ring if width_mm is None or depth_mm is None else f"{width_mm:.0f} × {depth_mm:.0f} mm, {ring}"


def names(found: tuple[Level, ...]) -> str:
    return ", ".join(level.value for level in found) or "no level"


def other_types(tumour: TumourFindings) -> list[int]:
    """The ends of the range beside the type that was read. (What lies between them need not be possible.)"""
    tomita = tumour.tomita_type
    ends = {tomita.low, tomita.high} - {None, tomita.value}
    return sorted(end for end in ends if end is not None)


def sentence(text: str) -> str:
    """With a capital at the start and a full stop at the end."""
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def shared_evidence(spine: SpineFindings) -> list[str]:
    """The numbering evidence that every level has, so that it is said once."""
    found = spine.levels
    if len(found) < 2:
        return []
    return [line for line in found[0].numbering.evidence if all(line in v.numbering.evidence for v in found)]
