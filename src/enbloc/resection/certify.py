"""What the search can say of itself: the certificate, and the best margin at every place around the canal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from enbloc.resection.candidates import Candidates
from enbloc.resection.certificate import Proof
from enbloc.resection.cuts import angle_at
from enbloc.resection.gates import RingChoice
from enbloc.resection.nouns import Certificate, RingPoint
from enbloc.resection.settings import ResectionSettings


def certificate_of(
    rings: Sequence[RingChoice], margins_mm: Sequence[float], given: bool, settings: ResectionSettings
) -> Certificate:
    """`margins_mm` are those of the ring cuts in force, not rounded to slices; `given`: some are a surgeon's own."""
    margin = min((min(each, settings.enough_mm) for each in margins_mm), default=settings.enough_mm)
    bounds = [ring.bound_mm for ring in rings]
    known = [bound for bound in bounds if bound is not None]
    bound = min(known) if known and len(known) == len(bounds) else None
    gap = None if bound is None else max(0.0, bound - margin)
    return Certificate(
        family=in_words(settings) + beside_the_middle(rings),
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
        because=OWN + reason(rings, settings) if given else reason(rings, settings),
    )


def in_words(settings: ResectionSettings) -> str:
    return (
        "one plane on each side of every resected level, its section one piece that stays on its side and parts body "
        f"from arch; any azimuth, tilt up to {settings.largest_tilt_deg:g}° against the vertebra's axis, any offset"
    )


def beside_the_middle(rings: Sequence[RingChoice]) -> str:
    """At which levels both cuts stand on one side."""
    turned = [ring for ring in rings if ring.divider_deg != 0.0]
    said = [f"{ring.level} on the {'right' if ring.divider_deg > 0.0 else 'left'}" for ring in turned]
    return f"; both cuts of {' and '.join(said)}, where one on each side would not keep clear of tumour" if said else ""


ON_GRID = "of the stated grid; between the planes of the grid nothing is bounded"
OWN = "your own cuts are laid beside what the search found: "
WORST = (Proof.NO_OPENING, Proof.IN_TUMOUR, Proof.ONE_SIDE, Proof.STOPPED, Proof.PATHS, Proof.ENOUGH)


def reason(rings: Sequence[RingChoice], settings: ResectionSettings) -> str:
    """Why the bound is what it is, of the level where it says least."""
    said = {
        Proof.NO_OPENING: "no pair leaves the opening that the canal's contents need: nothing was bounded",
        Proof.IN_TUMOUR: f"a ring cut enters tumour: its area there is the least {ON_GRID}",
        Proof.ONE_SIDE: f"one side is open: the single cut is the best {ON_GRID}",
        Proof.PATHS: PATHS,
        Proof.STOPPED: f"{PATHS}; refinement stopped before a gap of {settings.gap_mm:g} mm was reached",
        Proof.ENOUGH: f"a margin beyond {settings.enough_mm:g} mm was not sought",
    }
    proofs = {ring.proof for ring in rings}
    return next((said[proof] for proof in WORST if proof in proofs), "no ring cut was needed")


PATHS = (
    "every cut of the family crosses each of a bundle of paths from body to arch, and none keeps farther from tumour"
)


def profile_of(ring: RingChoice) -> Iterator[RingPoint]:
    """By place on the canal's wall, front to back, the margin of the best severing cut of the grid that ends there."""
    for gate, among in ring.grid.items():
        best = best_margins(among)
        for place in range(len(among.passage.wall_mm())):
            yield RingPoint(ring.level, gate, angle_at(among.passage, place), best.get(place))


def best_margins(among: Candidates) -> dict[int, float]:
    best: dict[int, float] = {}
    for n in np.argsort(-among.margin_mm, kind="stable").tolist():
        place = int(among.places[n])
        if place not in best and among.severs(n):
            best[place] = among.fine_margin_mm(n)
    return best
