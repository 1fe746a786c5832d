"""The stage: from spine and extent to the cuts, what they leave, and how sure it is that there are none better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Spine
from enbloc.core.evidence import Caveat, Measured, Progress, Skipped, silent
from enbloc.core.geometry import Plane, Vector
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging
from enbloc.knowledge import resection_tool
from enbloc.resection.alternatives import (
    column_alternatives,
    hemivertebrectomy,
    narrower_alternative,
    one_side_alternative,
    ring_alternatives,
)
from enbloc.resection.behind import vessel_masks
from enbloc.resection.certify import certificate_of, profile_of
from enbloc.resection.classes import worst
from enbloc.resection.contamination import contamination
from enbloc.resection.cuts import Sawing, cut_of
from enbloc.resection.execution import execution_risk
from enbloc.resection.faces import dissected_faces
from enbloc.resection.field import OperativeField
from enbloc.resection.gates import Chosen, RingChoice
from enbloc.resection.given import against_optimum, breaks_limits, given_cut, given_section, refuse_unknown
from enbloc.resection.instead import other_leaves, stuck, with_ways_out
from enbloc.resection.kernels import END, TUMOUR_MM
from enbloc.resection.levels import resected_levels
from enbloc.resection.nouns import (
    COLUMN_GATES,
    RING_GATES,
    Alternative,
    Cut,
    Face,
    OpenSide,
    Piece,
    Resection,
    RingPoint,
)
from enbloc.resection.parted import Parted, Patient, residual_mm3
from enbloc.resection.pieces import ANTERIOR, margin_histogram
from enbloc.resection.remarks import below_noise
from enbloc.resection.removal_nouns import Removal
from enbloc.resection.searching import Search, opened_wider, searched
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import Contact, Extent
from enbloc.tumour.noise import NoiseFloor

BY_DEFAULT = ResectionSettings()
WORTH_MM3 = 50.0
"""Less bone that hangs on no piece is not worth a word."""


def resect(
    spine: Spine,
    imaging: Imaging,
    extent: Extent,
    *,
    settings: ResectionSettings = BY_DEFAULT,
    planned: tuple[Level, ...] | None = None,
    encapsulated: bool | None = None,
    given: Mapping[str, Plane] | None = None,
    contacts: tuple[Contact, ...] = (),
    known: Resection | None = None,
    progress: Progress = silent,
) -> Resection | Skipped:
    """The best cuts for the involved levels, with margins, pieces and alternatives.

    `given`: planes (RAS mm) by name of the cut (`T12-left`) that stand in place of those found, which become
    alternatives. `contacts`: tumour against the barriers of each vertebra. `known`: made of the same inputs and
    settings without own cuts; what its search found is used again, with the ring opened wider where it was. Skipped,
    with the reason, where the anatomy allows no cuts and none are given where the search has none. Raises InputError
    for a tool or a cut's name not known.
    """
    resection_tool(settings.tool)
    levels = resected_levels(extent, spine, planned, extent.tomita_type.value)
    if isinstance(levels, Skipped):
        return levels
    search = known.search if known is not None else None
    if not isinstance(search, Search):
        search = searched(spine, imaging, levels, settings, set(given or ()), progress)
        if isinstance(search, Skipped):
            return search
    return carried_out(
        Patient(spine, imaging, levels, encapsulated, contacts),
        replace(search, settings=settings),
        given or {},
        progress,
    )


@dataclass(frozen=True, slots=True, eq=False)
class CutSet:
    """All cuts of one plan by place. `ours`: as the search has them; `missed`: where an own plane meets nothing."""

    search: Search
    ours: Mapping[str, Cut]
    by_place: Mapping[str, Cut]
    missed: Sequence[OpenSide]

    @classmethod
    def of(cls, search: Search, given: Mapping[str, Plane]) -> CutSet:
        found = search.found()
        ours = {name: made(search.sawing, each, n) for n, (name, each) in enumerate(found.items(), 1)}
        return cls(search, ours, *with_given(search, found, ours, given))

    @property
    def cuts(self) -> tuple[Cut, ...]:
        return tuple(self.by_place.values())

    def open_sides(self) -> tuple[OpenSide, ...]:
        uncut = (side for side in self.search.open_sides() if f"{side.level}-{side.gate}" not in self.by_place)
        return (*uncut, *self.missed)


def carried_out(patient: Patient, search: Search, given: Mapping[str, Plane], progress: Progress) -> Resection:
    """What the cuts leave, and whether that holds. Where a piece has no way out, and cuts with as much margin open the
    ring wide enough for one, those are carried out instead; own cuts stay.
    """
    spine, settings, field = patient.spine, search.settings, search.field
    with ThreadPoolExecutor(1) as aside:
        facing = aside.submit(faces_of, patient)
        chosen = CutSet.of(search, given)
        listing = aside.submit(listed, chosen)
        parted = Parted.by(chosen.cuts, patient, search, progress)
        if stuck(parted.removal) and not given and (wider := wide_enough_to_leave(patient, search, progress)):
            listing.cancel()
            chosen, parted = wider
            listing = aside.submit(listed, chosen)
        progress("trying the saw's errors")
        risk = execution_risk(field, chosen.cuts)
        removal = parted.removal
        progress("seeking the way out with other cuts" if settings.removal.sought else "comparing other cuts")
        faces, (possible, profile) = facing.result(), listing.result()
    cuts, rings, pieces = chosen.cuts, chosen.search.rings, parted.pieces
    area_mm2 = sum(cut.tumour_mm2 for cut in cuts)
    others = with_ways_out(
        possible,
        cuts,
        lambda instead: parted.instead(instead, patient, chosen.search),
        (*parted.uncut, *(() if isinstance(removal, Skipped) else removal.caveats)),
    )
    found = chosen.search.found()
    return Resection(
        levels=patient.levels,
        cuts=cuts,
        open_sides=chosen.open_sides(),
        releases=parted.freed,
        pieces=pieces,
        faces=faces,
        margin_mm=least_margin(cuts),
        margin_class=worst([cut.margin_class for cut in cuts] + [face.margin_class for face in faces]),
        intralesional_area_mm2=area_mm2,
        certificate=certificate_of(
            rings, ring_margins(chosen.search, found, chosen.by_place, given), bool(given), settings
        ),
        execution=risk,
        no_tumour_cut_probability=risk.no_tumour_cut_probability,
        contamination=contamination(settings.tool, area_mm2, residual_mm3(field, pieces)),
        removal=removal,
        alternatives=others,
        ring_profile=profile,
        margin_histogram=margin_histogram(parted.drawing),
        opening_needed_mm=max((ring.opening_mm for ring in rings if ring.opening_mm is not None), default=None),
        caveats=(
            *other_leaves(others, cuts, removal),
            *below_noise(spine),
            *narrowed(field, rings, found, given),
            *opened(rings, given),
            *caveats(field, pieces, parted.loose_mm3),
            *parted.uncut,
        ),
        drawing=parted.drawing,
        search=chosen.search,
    )


def faces_of(patient: Patient) -> tuple[Face, ...]:
    """The faces that are dissected, graded."""
    spine = patient.spine
    noise, vessels = NoiseFloor.of(spine.grid), vessel_masks(patient.imaging, spine)
    return dissected_faces(spine, patient.contacts, patient.levels, patient.encapsulated, noise, vessels)


def listed(chosen: CutSet) -> tuple[tuple[Alternative, ...], tuple[RingPoint, ...]]:
    """The alternatives to a set of cuts, and the profile of its rings."""
    rings = chosen.search.rings
    return tuple(alternatives(chosen)), tuple(point for ring in rings for point in profile_of(ring))


def wide_enough_to_leave(patient: Patient, search: Search, progress: Progress) -> tuple[CutSet, Parted] | None:
    """The first cuts that open the ring wider and give every piece a way out."""
    for wider in opened_wider(search):
        progress("opening the ring wider for a way out")
        chosen = CutSet.of(wider, {})
        parted = Parted.by(chosen.cuts, patient, wider, silent)
        if isinstance(parted.removal, Removal) and not stuck(parted.removal):
            return chosen, parted
    return None


def made(sawing: Sawing, chosen: Chosen, order: int) -> Cut:
    cut = cut_of(sawing, chosen.passage, chosen.normal, chosen.offset, order, chosen.start)
    if chosen.unsettled is None:
        return cut
    return replace(cut, caveats=(*cut.caveats, UNSETTLED[chosen.unsettled]))


UNSETTLED = {
    "opening": Caveat(
        "opening-too-narrow",
        "no pair of ring cuts leaves an opening that the contents of the canal could pass: no piece comes out whole",
    ),
    "crossing": Caveat("cut-crosses-ring", "no cut here keeps clear of the ring cuts: they meet inside bone"),
}


def with_given(
    search: Search, found: Mapping[str, Chosen], ours: Mapping[str, Cut], given: Mapping[str, Plane]
) -> tuple[dict[str, Cut], list[OpenSide]]:
    """Our cuts, with the surgeon's own in place of those that he names, also where the search found none; and the gates
    where his plane meets nothing.
    """
    passages = {**{name: each.passage for name, each in found.items()}, **search.without_cut()}
    nothing = {f"{side.level}-{side.gate}" for side in search.open_sides()}
    refuse_unknown([name for name in given if name not in nothing], passages)
    cuts, missed = dict(ours), []
    for name, plane in given.items():
        if name not in passages:
            continue
        passage = passages[name]
        cut = given_cut(search.sawing, passage, plane, len(cuts))
        if cut is None:
            cuts.pop(name, None)
            missed.append(OpenSide(passage.gate, passage.level, "the given plane does not pass what there is to cut"))
            continue
        near = breaks_limits(given_section(search.field, passage, plane), search.limits)
        cuts[name] = replace(cut, caveats=(*cut.caveats, *near))
    return in_order(cuts, search.field.levels), missed


def in_order(cuts: Mapping[str, Cut], levels: Sequence[Level]) -> dict[str, Cut]:
    """In the order of sawing: the arches first, then the column."""
    gates = (*RING_GATES, *COLUMN_GATES)
    by_place = sorted(
        cuts.values(), key=lambda cut: (cut.gate in COLUMN_GATES, levels.index(cut.level), gates.index(cut.gate))
    )
    return {cut.place: replace(cut, order=n) for n, cut in enumerate(by_place, 1)}


def ring_margins(
    search: Search, found: Mapping[str, Chosen], cuts: Mapping[str, Cut], given: Mapping[str, Plane]
) -> list[float]:
    """Margins of the ring cuts in force, not rounded to slices."""
    passages = {**search.without_cut(), **{name: each.passage for name, each in found.items()}} if given else {}
    rings = [name for name, cut in cuts.items() if cut.gate in RING_GATES]
    sections = (
        given_section(search.field, passages[name], given[name]) if name in given else found[name].section()
        for name in rings
    )
    return [float(section.row[TUMOUR_MM]) - search.sawing.half_kerf_mm for section in sections]


def narrowed(
    field: OperativeField, rings: Sequence[RingChoice], found: Mapping[str, Chosen], given: Mapping[str, Plane]
) -> Iterator[Caveat]:
    """Levels where own cuts leave no opening for the contents of the canal."""
    for ring in rings:
        names = [f"{ring.level}-{gate}" for gate in RING_GATES]
        if not any(name in given for name in names) or any(name not in found for name in names):
            continue
        ends = [wall_end(field, found[name], given.get(name)) for name in names]
        if ring.opening_mm is not None and float(np.linalg.norm(ends[0] - ends[1])) < ring.opening_mm:
            yield Caveat("opening-too-narrow", f"{ring.level}: {UNSETTLED['opening'].text}")


def opened(rings: Sequence[RingChoice], given: Mapping[str, Plane]) -> Iterator[Caveat]:
    """Levels where the cuts stand wider apart than those that come first in the order; not where one is given."""
    for ring in rings:
        if ring.before is not None and not any(f"{ring.level}-{gate}" in given for gate in RING_GATES):
            yield Caveat(
                "opening-widened",
                f"{ring.level}: with the ring cuts that come first in the order no way out was found for a piece; "
                f"these open the ring {ring.opens_mm:.0f} instead of {ring.before.opens_mm:.0f} mm, and each keeps as "
                f"much margin, up to the {ring.enough_mm:g} mm that are enough",
            )


def wall_end(field: OperativeField, chosen: Chosen, plane: Plane | None) -> Vector:
    """Where a cut meets the canal's wall, mm to the right and front of its middle."""
    section = chosen.section() if plane is None else given_section(field, chosen.passage, plane)
    wall = chosen.passage.wall_mm()
    end: Vector = wall[min(max(round(section.row[END]), 0), len(wall) - 1)]
    return end


def alternatives(chosen: CutSet) -> Iterator[Alternative]:
    search, ours, cuts = chosen.search, chosen.ours, chosen.by_place
    field, sawing, limits, settings = search.field, search.sawing, search.limits, search.settings
    yield from (against_optimum(cut, ours[name]) for name, cut in cuts.items() if cut.given and name in ours)
    kept = {name: cut for name, cut in cuts.items() if not cut.given}
    for ring in search.rings:
        yield from ring_alternatives(sawing, ring, kept)
        yield from one_side_alternative(sawing, ring, kept)
        yield from narrower_alternative(sawing, ring, kept)
    for each in search.columns.values():
        name = f"{each.passage.level}-{each.passage.gate}" if isinstance(each, Chosen) else None
        if isinstance(each, Chosen) and name in kept:
            yield from column_alternatives(sawing, each, kept[name])
    yield from hemivertebrectomy(field, sawing, search.rings, list(ours.values()), limits, settings)


def least_margin(cuts: Sequence[Cut]) -> Measured | None:
    return min((cut.margin_mm for cut in cuts), key=lambda margin: margin.value, default=None)


def caveats(field: OperativeField, pieces: Sequence[Piece], loose_mm3: float) -> Iterator[Caveat]:
    """What the reader must know of the whole."""
    if not field.no_go_is_sac:
        yield Caveat("sac-not-labelled", f"the dural sac is not labelled; cuts keep out of the {field.no_go_basis}")
    if field.estimated.any():
        yield Caveat(
            "outline-estimated", "part of the bone was estimated where tumour has destroyed it: sections there are too"
        )
    if field.thick_slices:
        text = f"slices are {field.voxel_mm:g} mm thick: margins are given in whole slices"
        yield Caveat("margins-in-slices", text)
    if loose_mm3 > WORTH_MM3:
        text = f"{loose_mm3:.0f} mm³ of bone or disc without tumour hang on no piece: they lie outside the cuts"
        yield Caveat("loose-bone", text)
    if not any(piece.name.startswith(ANTERIOR) for piece in pieces):
        yield Caveat(
            "pieces-not-parted", "with every cut made, body and arch still hang together: see the cuts' remarks"
        )
    if not field.vessel_mm:
        yield Caveat("vessels-not-labelled", "no vessel near the tumour is labelled: cuts were not kept clear of any")
