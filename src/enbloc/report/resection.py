"""A resection in the words of the report: what is sawn, what margin it leaves, and why."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Measured, Skipped, Step
from enbloc.knowledge import barrier_tissues
from enbloc.planning.nouns import (
    Certificate,
    ClassRange,
    Cut,
    Face,
    FaceName,
    Gate,
    OpenSide,
    Recommendation,
    Resection,
    Tissue,
)
from enbloc.planning.plan import Plan
from enbloc.report.decisions import LISTS, TITLES
from enbloc.report.words import plain, volume

GATES = {
    Gate.LEFT: "ring, left side",
    Gate.RIGHT: "ring, right side",
    Gate.CRANIAL: "above the body",
    Gate.CAUDAL: "below the body",
    Gate.SPLIT: "through the body, lengthwise",
}
TISSUES = {
    Tissue.PEDICLE: "through the pedicle",
    Tissue.LAMINA: "through the lamina",
    Tissue.BODY_SIDE: "through the side of the body",
    Tissue.BODY: "through the body",
    Tissue.DISC: "through the disc",
    Tissue.ENDPLATE: "along the endplate",
    Tissue.NEIGHBOUR_BODY: "through the neighbour's body",
    Tissue.TUMOUR: "through tumour",
}
FACES = {
    FaceName.DURA: "towards the dura",
    FaceName.CRANIAL: "towards the level above",
    FaceName.CAUDAL: "towards the level below",
    FaceName.ANTERIOR: "in front",
    FaceName.POSTERIOR: "behind",
    FaceName.LATERAL_LEFT: "left side",
    FaceName.LATERAL_RIGHT: "right side",
}
"""In the order of the table."""
UNITS = {"mm": "mm", "deg": "°", "mm2": "mm²", "mm3": "mm³"}
"""By the last word of a number's name."""
MARK = {"wide": "○", "marginal": "◐", "intralesional": "●", None: "?"}
"""Signs that need no colour: how much tumour a face leaves."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the headline, with the steps and remarks folded under it."""

    text: str
    because: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()


def cuts_of(plan: Plan) -> tuple[Cut, ...]:
    """The cuts of a plan; none where there is no resection."""
    return plan.resection.cuts if isinstance(plan.resection, Resection) else ()


def changed(plan: Plan) -> list[tuple[str, Recommendation]]:
    """(title, recommendation) of the advice that reads otherwise once the cuts are known."""
    if isinstance(plan.revised, Skipped):
        return []
    return [(TITLES[name], found) for name, found in plan.revised.items() if name not in LISTS]


def headline(found: Resection) -> tuple[Said, ...]:
    return (_which(found), _smallest(found), _worst(found), _entering(found))


def _which(found: Resection) -> Said:
    if not found.cuts:
        return Said("No cut is proposed.", remarks=tuple(open_side(side) for side in found.open_sides))
    through = "; ".join(f"{cut.name} {tissue(cut)}" for cut in in_order(found.cuts))
    count = f"{len(found.cuts)} cut{'' if len(found.cuts) == 1 else 's'}"
    remarks = (certificate(found.certificate), *(open_side(side) for side in found.open_sides))
    return Said(f"{count}: {through}.", remarks=remarks)


def _smallest(found: Resection) -> Said:
    if found.margin_mm is None:
        return Said("No margin of a cut is known.")
    least = min(found.cuts, key=lambda cut: cut.margin_mm.value, default=None)
    at = "" if least is None else f", at {least.name}"
    because = () if least is None else least.margin_class.because
    return Said(f"Smallest margin of a cut: {margin(found.margin_mm)}{at}.", because)


def _worst(found: Resection) -> Said:
    at = names_of_worst(found)
    where = f"; so {' and '.join(at)}" if at else ""
    return Said(
        f"Worst face, sawn or dissected: {margin_class(found.margin_class)}{where}.", found.margin_class.because
    )


def names_of_worst(found: Resection) -> list[str]:
    """The cuts and faces that are of the worst class, within the same doubt."""

    def same(other: ClassRange) -> bool:
        return (other.value, other.possible) == (found.margin_class.value, found.margin_class.possible)

    sawn = [cut.name for cut in in_order(found.cuts) if same(cut.margin_class)]
    return sawn + [f"{each.level.value} {face(each)}" for each in faces(found) if same(each.margin_class)]


def _entering(found: Resection) -> Said:
    entering = [cut for cut in in_order(found.cuts) if enters(cut)]
    perhaps = [cut for cut in in_order(found.cuts) if cut.margin_mm.low < 0.0 and cut not in entering]
    remarks = ("A margin counts from the kerf's nearer face; a range that begins below 0 may lie in tumour.",)
    doubt = f" Within the resolution of the data it cannot be excluded for {names(perhaps)}." if perhaps else ""
    if not entering:
        return Said(f"No cut enters tumour.{doubt}", remarks=remarks)
    verb = "cut enters" if len(entering) == 1 else "cuts enter"
    area = f"{found.intralesional_area_mm2:.0f} mm² of section in tumour"
    steps = tuple(dict.fromkeys(step for cut in entering for step in cut.margin_class.because))
    return Said(f"{len(entering)} {verb} tumour: {names(entering)}; {area}.{doubt}", steps, remarks)


def enters(cut: Cut) -> bool:
    """A negative margin is a depth."""
    return cut.margin_mm.value < 0.0 or cut.tumour_mm2 > 0.0


def in_order(cuts: tuple[Cut, ...]) -> list[Cut]:
    return sorted(cuts, key=lambda cut: cut.order)


def names(cuts: list[Cut]) -> str:
    return " and ".join(cut.name for cut in cuts)


def tissue(cut: Cut) -> str:
    """The way a cut takes: `through the pedicle`."""
    return TISSUES[cut.tissue]


def gate(of: Cut | OpenSide) -> str:
    if isinstance(of, Cut) and of.name != of.place:
        return f"ring, {of.where.replace('-', ' side, ')}"
    return GATES[of.gate]


def open_side(side: OpenSide) -> str:
    return f"{side.level.value}, {GATES[side.gate]}: no cut; {side.because}"


def measured(found: Measured | None, digits: int = 1) -> str:
    """The value with the range that the resolution leaves; a dash where nothing is known."""
    if found is None:
        return "–"
    value, low, high = (number(part, digits) for part in (found.value, found.low, found.high))
    return value if low == high else f"{value} ({low} to {high})"


def margin(found: Measured | None) -> str:
    """`3.2 mm (2.1 to 4.3)`."""
    if found is None:
        return "not known"
    value, _, rest = measured(found).partition(" ")
    return f"{value} mm {rest}".strip()


def number(value: float, digits: int = 1) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def margin_class(found: ClassRange) -> str:
    others = " or ".join(str(other) for other in found.possible if other is not found.value)
    if found.value is None:
        return f"not known, {others}" if others else "not known"
    return f"{found.value} ({others} possible too)" if others else str(found.value)


def also(found: ClassRange) -> str:
    others = [str(other) for other in found.possible if other is not found.value]
    return f"possible{' too' if found.value else ''}: {', '.join(others)}" if others else ""


def area(mm2: float) -> str:
    return f"{mm2:.0f}"


def nearest_vessel(cut: Cut) -> str:
    nearest = min(cut.vessels, key=lambda found: found.distance_mm.value, default=None)
    return "none labelled near" if nearest is None else f"{measured(nearest.distance_mm)} {plain(nearest.structure)}"


def loss(cut: Cut) -> list[str]:
    """What is lost beside the section, the dearest first."""
    lost = []
    if cut.loss.segmental_artery is not None:
        lost.append(f"segmental artery of {cut.loss.segmental_artery.value} runs here")
    lost += [plain(rib) for rib in cut.loss.ribs]
    if cut.loss.neighbour_bone_mm3 > 0.0:
        lost.append(f"{volume(cut.loss.neighbour_bone_mm3)} of the neighbour's bone")
    return lost


def faces(found: Resection) -> list[Face]:
    """Level by level from above, in the order of `FACES`: dura and adjacent levels first."""
    order = list(FACES)
    return sorted(found.faces, key=lambda face: (order.index(face.face), face.level.rank))


def face(found: Face) -> str:
    return FACES[found.face]


def barrier(name: str) -> str:
    known = barrier_tissues()
    return known[name].title if name in known else plain(name)


def certificate(found: Certificate) -> str:
    """What was compared, and how far the best of all could lie above what was found."""
    steps = ", ".join(step(name, value) for name, value in found.grid.items())
    compared = f"Compared: {found.family}; {found.planes:,} planes ({steps})."
    reached = (
        f"Smallest margin of the ring cuts chosen, counted up to {found.enough_mm:g} mm: {found.margin_mm:.1f} mm."
    )
    if found.bound_mm is None or found.gap_mm is None:
        return f"{compared} {reached} How much a plane between these could add is not bounded: {found.because}."
    if found.capped:
        return f"{compared} {reached} Larger margins were not sought."
    bound = f"No plane of the family, on the grid or between, does better than {found.bound_mm:.1f} mm"
    why = f" {found.because[:1].upper()}{found.because[1:]}." if found.because else ""
    return f"{compared} {reached} {bound}: at most {found.gap_mm:.1f} mm are missed.{why}"


def step(name: str, value: float) -> str:
    """`azimuth_step_deg` as `azimuth step 5°`."""
    words, _, unit = name.rpartition("_")
    if unit not in UNITS:
        return f"{name.replace('_', ' ')} {value:g}"
    space = "" if unit == "deg" else " "
    return f"{words.replace('_', ' ')} {value:g}{space}{UNITS[unit]}"
