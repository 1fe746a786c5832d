"""What the search can say of itself: the certificate, and the best margin at every place around the canal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from enbloc.resection.candidates import Candidates
from enbloc.resection.cuts import angle_at
from enbloc.resection.gates import RingChoice
from enbloc.resection.nouns import Certificate, Cut, RingPoint
from enbloc.resection.settings import ResectionSettings


def certificate_of(rings: Sequence[RingChoice], cuts: Sequence[Cut], settings: ResectionSettings) -> Certificate:
    """`cuts` are the ring cuts in force: those chosen, or a surgeon's own in their stead."""
    margin = min((min(cut.margin_mm.value, settings.enough_mm) for cut in cuts), default=settings.enough_mm)
    bounds = [ring.bound_mm for ring in rings]
    known = [bound for bound in bounds if bound is not None]
    bound = min(known) if known and len(known) == len(bounds) else None
    gap = None if bound is None else max(0.0, bound - margin)
    return Certificate(
        family=in_words(settings),
        grid={
            "azimuth_step_deg": settings.azimuth_step_deg,
            "tilt_step_deg": settings.tilt_step_deg,
            "largest_tilt_deg": settings.largest_tilt_deg,
            "offset_step_mm": settings.offset_step_mm,
            "field_step_mm": settings.step_mm,
        },
        planes=sum(ring.looked_at for ring in rings),
        margin_mm=margin,
        bound_mm=bound,
        gap_mm=gap,
        enough_mm=settings.enough_mm,
        because=reason(rings, margin, gap, settings),
    )


def in_words(settings: ResectionSettings) -> str:
    return (
        "one plane on each side of every resected level, its section one piece that stays on its side and parts body "
        f"from arch; any azimuth, tilt up to {settings.largest_tilt_deg:g}° against the vertebra's axis, any offset"
    )


ON_GRID = "of the stated grid; between the planes of the grid nothing is bounded"
CROSSED = (
    "every cut of the family crosses each of a bundle of paths from body to arch, and none keeps farther from tumour"
)


def reason(rings: Sequence[RingChoice], margin: float, gap: float | None, settings: ResectionSettings) -> str:
    """Why the gap is what it is."""
    if margin < 0.0:
        return f"a ring cut enters tumour: its area there is the least {ON_GRID}"
    if any(ring.open_sides for ring in rings):
        return f"one side is open: the single cut is the best {ON_GRID}"
    if gap is None:
        return "no pair leaves the opening that the canal's contents need: nothing was bounded"
    if margin >= settings.enough_mm:
        return f"every ring cut keeps the {settings.enough_mm:g} mm beyond which a larger margin was not sought"
    if gap > settings.gap_mm:
        return f"{CROSSED}; refinement stopped before a gap of {settings.gap_mm:g} mm was reached"
    return CROSSED


def profile_of(ring: RingChoice) -> Iterator[RingPoint]:
    """By place on the canal's wall, front to back, the best margin of a severing cut of the grid that ends there."""
    for gate, among in ring.grid.items():
        best = best_margins(among)
        for place in range(len(among.passage.wall_mm())):
            yield RingPoint(ring.level, gate, angle_at(among.passage, place), best.get(place))


def best_margins(among: Candidates) -> dict[int, float]:
    best: dict[int, float] = {}
    for n in np.argsort(-among.margin_mm, kind="stable").tolist():
        place = int(among.places[n])
        if place not in best and among.severs(n):
            best[place] = float(among.margin_mm[n])
    return best
