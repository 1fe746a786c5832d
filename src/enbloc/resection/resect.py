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
from enbloc.resection.attachments import attachments
from enbloc.resection.behind import vessel_masks
from enbloc.resection.candidates import Limits
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
    Gate,
    OpenSide,
    Piece,
    Pieces,
    Resection,
)
from enbloc.resection.pieces import ANTERIOR, FRAGMENT, REMAINING, SPECIMEN, margin_histogram, pieces_of
from enbloc.resection.release_nouns import Release
from enbloc.resection.releases import KEEP, releases, unexplained
from enbloc.resection.remarks import below_noise
from enbloc.resection.removal import removal_of
from enbloc.resection.removal_nouns import Removal, Root
from enbloc.resection.searching import Search, opened_wider, searched
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import Contact, Extent
from enbloc.tumour.noise import NoiseFloor

BY_DEFAULT = ResectionSettings()
WORTH_MM3 = 50.0
"""Less bone that hangs on no piece is not worth a word."""
NOT_SOUGHT = "the settings ask for no way out of the pieces"
NOT_PARTED = "no way out is sought: the cuts part no piece that could leave by itself"


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
    settings without own cuts; what its search found is used again. Skipped, with the reason, where the anatomy allows
    no cuts and none are given where the search has none. Raises InputError for a tool or a cut's name not known.
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
    patient = Patient(spine, imaging, levels, encapsulated, contacts)
    return carried_out(patient, replace(search, settings=settings), given or {}, progress)


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """What is read of one patient once the cuts are found."""

    spine: Spine
    imaging: Imaging
    levels: tuple[Level, ...]
    encapsulated: bool | None
    contacts: tuple[Contact, ...]


def carried_out(patient: Patient, search: Search, given: Mapping[str, Plane], progress: Progress) -> Resection:
    """What the cuts leave, and whether that holds. Where a piece has no way out and cuts that keep as much margin open
    the ring wide enough for one, those are carried out instead.
    """
    spine, imaging, levels, settings = patient.spine, patient.imaging, patient.levels, search.settings
    field, sawing, limits, rings, columns = search.field, search.sawing, search.limits, search.rings, search.columns
    found = search.found()
    ours = {name: made(sawing, each, n) for n, (name, each) in enumerate(found.items(), 1)}
    cuts, missed = with_given(search, found, ours, given)
    progress("taking out the pieces")
    sides = [side for side in search.open_sides() if f"{side.level}-{side.gate}" not in cuts] + missed
    with ThreadPoolExecutor(1) as aside:
        listing = aside.submit(lambda: tuple(alternatives(field, sawing, rings, columns, ours, cuts, limits, settings)))
        profiles = aside.submit(lambda: tuple(point for ring in rings for point in profile_of(ring)))
        facing = aside.submit(faces_of, patient)
        pieces, loose_mm3, drawing = whole_pieces(*pieces_of(field, tuple(cuts.values())))
        progress("listing what must be released")
        holding = attachments(field, tuple(cuts.values()), pieces, drawing)
        freed = releases(levels, holding)
        removal = way_out_of(field, pieces, drawing, tuple(cuts.values()), freed, spine, imaging, settings, progress)
        if stuck(removal) and not given and (wider := wide_enough_to_leave(patient, search, progress)) is not None:
            return carried_out(patient, wider, given, progress)
        progress("trying the saw's errors")
        risk = execution_risk(field, tuple(cuts.values()))
        progress("comparing other cuts" if not stuck(removal) else "seeking a way out with other cuts")
    faces = facing.result()
    area_mm2 = sum(cut.tumour_mm2 for cut in cuts.values())
    uncut = unexplained(holding, [cut.name for cut in cuts.values()])
    others = tuple(
        with_ways_out(
            listing.result(),
            tuple(cuts.values()),
            removal,
            lambda instead: leaving_by(field, instead, spine, imaging, settings),
            (*uncut, *(() if isinstance(removal, Skipped) else removal.caveats)),
        )
    )
    narrow = tuple(narrowed(field, rings, found, given))
    return Resection(
        levels=levels,
        cuts=tuple(cuts.values()),
        open_sides=tuple(sides),
        releases=freed,
        pieces=pieces,
        faces=faces,
        margin_mm=least_margin(list(cuts.values())),
        margin_class=worst([cut.margin_class for cut in cuts.values()] + [face.margin_class for face in faces]),
        intralesional_area_mm2=area_mm2,
        certificate=certificate_of(rings, ring_margins(search, found, cuts, given), bool(given), settings),
        execution=risk,
        no_tumour_cut_probability=risk.no_tumour_cut_probability,
        contamination=contamination(settings.tool, area_mm2, residual_mm3(field, pieces)),
        removal=removal,
        alternatives=others,
        ring_profile=profiles.result(),
        margin_histogram=margin_histogram(drawing),
        opening_needed_mm=max((ring.opening_mm for ring in rings if ring.opening_mm is not None), default=None),
        caveats=(
            *other_leaves(others, tuple(cuts.values()), removal),
            *below_noise(spine),
            *narrow,
            *opened(rings),
            *caveats(field, pieces, loose_mm3),
            *uncut,
        ),
        drawing=drawing,
        search=search,
    )


def faces_of(patient: Patient) -> tuple[Face, ...]:
    """The faces that are dissected, graded."""
    spine = patient.spine
    noise, vessels = NoiseFloor.of(spine.grid), vessel_masks(patient.imaging, spine)
    return dissected_faces(spine, patient.contacts, patient.levels, patient.encapsulated, noise, vessels)


def wide_enough_to_leave(patient: Patient, search: Search, progress: Progress) -> Search | None:
    """With ring cuts wider apart, where that gives every piece a way out."""
    progress("opening the ring wider for a way out")
    wider = None if any(ring.before for ring in search.rings) else opened_wider(search)
    if wider is None:
        return None
    cuts = tuple(made(wider.sawing, each, n) for n, each in enumerate(wider.found().values(), 1))
    found = leaving_by(search.field, cuts, patient.spine, patient.imaging, search.settings)
    return None if isinstance(found, Skipped) or stuck(found) else wider


def way_out_of(
    field: OperativeField,
    pieces: Sequence[Piece],
    drawing: Pieces,
    cuts: tuple[Cut, ...],
    freed: Sequence[Release],
    spine: Spine,
    imaging: Imaging,
    settings: ResectionSettings,
    progress: Progress,
) -> Removal | Skipped:
    """How the pieces leave, past the roots that the releases keep. Skipped where nobody asks, or nothing is parted."""
    if not settings.removal.sought:
        return Skipped(NOT_SOUGHT)
    named = [piece.name for piece in pieces]
    stays, whole = (any(name.startswith(start) for name in named) for start in (REMAINING, SPECIMEN))
    if not named or (whole and not stays):
        return Skipped(NOT_PARTED)
    progress("seeking the way out of the pieces")
    kept = tuple(Root(each.level, each.side) for each in freed if each.action == KEEP and each.side is not None)
    return removal_of(field, pieces, drawing, cuts, spine, imaging, settings=settings.way_out, roots_kept=kept)


def leaving_by(
    field: OperativeField, cuts: tuple[Cut, ...], spine: Spine, imaging: Imaging, settings: ResectionSettings
) -> Removal | Skipped:
    """How the pieces that another set of cuts leaves get out; its caveats name what those cuts leave uncut as well."""
    pieces, _, drawing = whole_pieces(*pieces_of(field, cuts))
    holding = attachments(field, cuts, pieces, drawing)
    freed = releases(field.levels, holding)
    removal = way_out_of(field, pieces, drawing, cuts, freed, spine, imaging, settings, silent)
    if isinstance(removal, Skipped):
        return removal
    uncut = unexplained(holding, [cut.name for cut in cuts])
    return replace(removal, caveats=(*uncut, *removal.caveats))


Columns = Mapping[Gate, Chosen | OpenSide]


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


def opened(rings: Sequence[RingChoice]) -> Iterator[Caveat]:
    """Levels where the cuts stand wider apart than those that come first in the order."""
    for ring in rings:
        if ring.before is not None:
            yield Caveat(
                "opening-widened",
                f"{ring.level}: with the ring cuts that come first in the order no way out was found for a piece; "
                f"these open the ring {ring.opens_mm:.0f} instead of {ring.before.opens_mm:.0f} mm and keep as much "
                f"margin, up to the {ring.enough_mm:g} mm that are enough",
            )


def wall_end(field: OperativeField, chosen: Chosen, plane: Plane | None) -> Vector:
    """Where a cut meets the canal's wall, mm to the right and front of its middle."""
    section = chosen.section() if plane is None else given_section(field, chosen.passage, plane)
    wall = chosen.passage.wall_mm()
    end: Vector = wall[min(max(round(section.row[END]), 0), len(wall) - 1)]
    return end


def alternatives(
    field: OperativeField,
    sawing: Sawing,
    rings: Sequence[RingChoice],
    columns: Columns,
    ours: Mapping[str, Cut],
    cuts: Mapping[str, Cut],
    limits: Limits,
    settings: ResectionSettings,
) -> Iterator[Alternative]:
    yield from (against_optimum(cut, ours[name]) for name, cut in cuts.items() if cut.given and name in ours)
    kept = {name: cut for name, cut in cuts.items() if not cut.given}
    for ring in rings:
        yield from ring_alternatives(sawing, ring, kept)
        yield from one_side_alternative(sawing, ring, kept)
        yield from narrower_alternative(sawing, ring, kept)
    for each in columns.values():
        name = f"{each.passage.level}-{each.passage.gate}" if isinstance(each, Chosen) else None
        if isinstance(each, Chosen) and name in kept:
            yield from column_alternatives(sawing, each, kept[name])
    yield from hemivertebrectomy(field, sawing, rings, list(ours.values()), limits, settings)


def least_margin(cuts: Sequence[Cut]) -> Measured | None:
    return min((cut.margin_mm for cut in cuts), key=lambda margin: margin.value, default=None)


def whole_pieces(pieces: tuple[Piece, ...], drawing: Pieces) -> tuple[tuple[Piece, ...], float, Pieces]:
    """Without the fragments that hold no tumour, whose volume (mm³) is told."""
    loose = [piece for piece in pieces if piece.name.startswith(FRAGMENT) and piece.tumour_mm3 == 0.0]
    label = np.where(np.isin(drawing.label, [piece.label for piece in loose]), 0, drawing.label).astype(np.uint8)
    kept = tuple(piece for piece in pieces if piece not in loose)
    return kept, sum(piece.volume_mm3 for piece in loose), replace(drawing, label=label)


def residual_mm3(field: OperativeField, pieces: Sequence[Piece]) -> float:
    """Tumour of the field that leaves with no piece."""
    whole = float(np.count_nonzero(field.tumour)) * field.step_mm**3
    return max(0.0, whole - sum(piece.tumour_mm3 for piece in pieces))


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
