"""What else could be chosen, in words, with what it gains and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from enbloc.core.geometry import indices_of
from enbloc.core.volume import Mask
from enbloc.resection import kernels
from enbloc.resection.candidates import Candidates, Limits
from enbloc.resection.cuts import FLAW_IDS, Sawing, cut_of
from enbloc.resection.field import OperativeField
from enbloc.resection.gates import Chosen, RingChoice, split_candidates
from enbloc.resection.nouns import COLUMN_GATES, RING_GATES, Alternative, Cut, Gate, Tissue
from enbloc.resection.pairs import wide_enough
from enbloc.resection.settings import ResectionSettings

LEAST_GAIN_MM, LEAST_SAVING_MM2 = 0.5, 10.0
"""A smaller gain in margin together with a smaller saving of section (between vertebrae: none of bone) is not worth a
line.
"""
RING_TISSUES = {
    Tissue.PEDICLE: kernels.PEDICLE,
    Tissue.LAMINA: kernels.ARCH,
    Tissue.BODY_SIDE: kernels.BODY,
}
COLUMN_TISSUES = {Tissue.DISC: 0, Tissue.ENDPLATE: 1, Tissue.NEIGHBOUR_BODY: 2}


def ring_alternatives(sawing: Sawing, ring: RingChoice, cuts: Mapping[str, Cut]) -> Iterator[Alternative]:
    """For each ring cut, the largest margin through each other tissue that the cut opposite still allows."""
    for gate, among in ring.grid.items():
        cut = cuts.get(f"{ring.level}-{gate}")
        if cut is None:
            continue
        allowed = beside(ring, gate, among)
        for tissue, column in RING_TISSUES.items():
            others = [other for other in RING_TISSUES.values() if other != column]
            mostly = among.rows[:, column] > among.rows[:, others].max(axis=1)
            found = best_margin(among, allowed & mostly) if tissue is not cut.tissue else None
            if found is not None:
                possible = compared(sawing, found, cut, widened=ring.before is not None)
                yield from (each for each in possible if each.cuts[0].tissue is tissue)


def one_side_alternative(sawing: Sawing, ring: RingChoice, cuts: Mapping[str, Cut]) -> Iterator[Alternative]:
    """Both ring cuts on one side, where that keeps clearly more than one on each side does; where both were chosen to
    stand on one side, one on each.
    """
    usual = ring_cuts(ring, cuts)
    if ring.other is None or len(usual) < len(RING_GATES):
        return
    made, gain, cost = instead_of(usual, ring.other, sawing)
    turned = ring.divider_deg or ring.other.divider_deg
    both, each_side = f"both ring cuts on the {'right' if turned > 0.0 else 'left'}", "one on each side"
    if ring.divider_deg == 0.0:
        said, because = (
            f"{both} instead of {each_side}",
            "one cut on each side keeps clear of tumour, which comes first",
        )
    else:
        said = f"ring cuts {each_side} instead of {both}"
        because = next((f"{cut.name} enters tumour" for cut in made if cut.tumour_mm2 > 0.0), "comes nearer to tumour")
    said = f"{ring.level}: {said}"
    yield Alternative(
        f"{ring.level}-one-side",
        f"{said}: {in_words(gain, cost, 0.0)}",
        made,
        gain,
        cost,
        0.0,
        all(map(sound, made)),
        because,
    )


def narrower_alternative(sawing: Sawing, ring: RingChoice, cuts: Mapping[str, Cut]) -> Iterator[Alternative]:
    """The ring cuts that come first in the order, where others were taken because of the way out."""
    usual = ring_cuts(ring, cuts)
    if ring.before is None or len(usual) < len(RING_GATES):
        return
    made, gain, cost = instead_of(usual, ring.before, sawing)
    said = f"{ring.level}: the ring cuts that come first in the order, closer together"
    yield Alternative(
        f"{ring.level}-closer",
        f"{said}: {in_words(gain, cost, 0.0)}",
        made,
        gain,
        cost,
        0.0,
        all(map(sound, made)),
        "with the ring cuts that come first at every level no way out was found for a piece",
    )


def ring_cuts(ring: RingChoice, cuts: Mapping[str, Cut]) -> list[Cut]:
    return [cuts[name] for gate in RING_GATES if (name := f"{ring.level}-{gate}") in cuts]


def instead_of(usual: Sequence[Cut], other: RingChoice, sawing: Sawing) -> tuple[tuple[Cut, ...], float, float]:
    """The ring cuts of `other`, what they gain in least margin (mm) and what they cost in section (mm²)."""
    made = tuple(
        cut_of(sawing, each.passage, each.normal, each.offset, cut.order, each.start)
        for each, cut in zip(other.chosen.values(), usual, strict=True)
    )
    gain = min(cut.margin_mm.value for cut in made) - min(cut.margin_mm.value for cut in usual)
    return made, gain, sum(cut.section_mm2 for cut in made) - sum(cut.section_mm2 for cut in usual)


def beside(ring: RingChoice, gate: Gate, among: Candidates) -> Mask:
    """Which candidates leave the opening beside the cut chosen opposite."""
    other = ring.chosen.get(RING_GATES[gate is RING_GATES[0]])
    if other is None or ring.opening_mm is None or other.unsettled:
        return np.ones(len(among), dtype=bool)
    place = int(other.among.places[other.number])
    there = other.passage.wall_mm()[place : place + 1]
    wide: Mask = wide_enough(among.passage.wall_mm(), there, ring.opening_mm)[among.places, 0]
    return wide


def column_alternatives(sawing: Sawing, chosen: Chosen, cut: Cut) -> Iterator[Alternative]:
    """For a cut between vertebrae, the best one through each other tissue."""
    for tissue, rank in COLUMN_TISSUES.items():
        if tissue is cut.tissue:
            continue
        found = best_margin(chosen.among, chosen.among.tissue_rank == rank)
        if found is not None:
            yield from compared(sawing, found, cut)


def best_margin(among: Candidates, allowed: Mask) -> Chosen | None:
    """The severing candidate with the largest margin up to `enough_mm`, and of these the one of least section."""
    order = np.lexsort([among.rows[:, kernels.PIXELS], -among.steps])
    found = next((int(n) for n in order if allowed[n] and among.severs(int(n))), None)
    return None if found is None else Chosen(among, found)


def compared(sawing: Sawing, found: Chosen, cut: Cut, *, widened: bool = False) -> Iterator[Alternative]:
    """The other cut against the chosen one, which may have been taken because the ring opens wider with it; nothing
    where it neither gains margin nor saves bone.
    """
    other = cut_of(sawing, found.passage, found.normal, found.offset, cut.order, found.start)
    gain, cost = other.margin_mm.value - cut.margin_mm.value, other.section_mm2 - cut.section_mm2
    bone = other.loss.neighbour_bone_mm3 - cut.loss.neighbour_bone_mm3
    saves = bone < 0.0 if cut.gate in COLUMN_GATES else cost <= -LEAST_SAVING_MM2
    if other.tissue is cut.tissue or (gain < LEAST_GAIN_MM and not saves):
        return
    name = f"{cut.name}-{other.tissue}"
    stands = cut.where if other.where == cut.where else f"{other.where} instead of {cut.where}"
    where = f"{cut.level} {stands}: {words(other.tissue)} instead of {words(cut.tissue)}"
    yield Alternative(
        name,
        f"{where}: {in_words(gain, cost, bone)}",
        (other,),
        gain,
        cost,
        bone,
        sound(other),
        why(other, cut, widened=widened),
    )


def sound(cut: Cut) -> bool:
    """Whether the cut parts what it should."""
    return not any(caveat.id in FLAW_IDS for caveat in cut.caveats)


def words(tissue: Tissue) -> str:
    return tissue.value.replace("-", " ")


def in_words(gain_mm: float, cost_mm2: float, bone_mm3: float) -> str:
    said = [f"margin {gain_mm:+.1f} mm", f"section {cost_mm2:+.0f} mm²"]
    if abs(bone_mm3) >= 1.0:
        said.append(f"next body {bone_mm3:+.0f} mm³ of bone")
    return ", ".join(said)


def why(other: Cut, cut: Cut, *, widened: bool) -> str:
    """Why it was not chosen, by the order of preference."""
    if other.margin_mm.value < 0.0 <= cut.margin_mm.value:
        return "enters tumour"
    if other.margin_mm.value < cut.margin_mm.value:
        return "comes nearer to tumour"
    if other.loss.neighbour_bone_mm3 > cut.loss.neighbour_bone_mm3:
        return "takes bone of the next vertebra although the barrier between is whole"
    if widened:
        return "the ring cuts that open it wider come first, because of the way out"
    if other.tissue is not Tissue.PEDICLE and cut.tissue is Tissue.PEDICLE:
        return "beyond the margin that is enough the pedicle, the paper's own place, comes first"
    return "beyond the margin that is enough the smaller section comes first"


def hemivertebrectomy(
    field: OperativeField,
    sawing: Sawing,
    rings: Sequence[RingChoice],
    cuts: Sequence[Cut],
    limits: Limits,
    settings: ResectionSettings,
) -> Iterator[Alternative]:
    """For a single level with tumour on one side: a split of the body with the ring cut of that side's lamina."""
    if len(rings) != 1:
        return
    ring = rings[0]
    splits = split_candidates(field, ring.level, ring.axes, limits, settings)
    if splits is None or not len(splits):
        return
    split = best_margin(splits, splits.margin_mm >= 0.0)
    side = side_of_tumour(field, ring)
    if split is None or side is None or side not in ring.grid:
        return
    among = ring.grid[side]
    behind = among.rows[:, kernels.ARCH] > among.rows[:, [kernels.BODY, kernels.PEDICLE]].max(axis=1)
    lamina = best_margin(among, behind & (among.margin_mm >= 0.0))
    if lamina is None:
        return
    made = tuple(
        cut_of(sawing, each.passage, each.normal, each.offset, n, each.start)
        for n, each in enumerate((lamina, split), 1)
    )
    usual = [cut for cut in cuts if cut.gate in RING_GATES]
    least = min(cut.margin_mm.value for cut in made)
    gain = least - min((cut.margin_mm.value for cut in usual), default=least)
    cost = sum(cut.section_mm2 for cut in made) - sum(cut.section_mm2 for cut in usual)
    said = f"{ring.level}: hemivertebrectomy on the {side}, body split beside the tumour and lamina cut behind it"
    yield Alternative(
        f"{ring.level}-hemivertebrectomy",
        f"{said}: {in_words(gain, cost, 0.0)}",
        made,
        gain,
        cost,
        0.0,
        True,
        "keeps the other half of the vertebra, but is not the paper's operation",
    )


def side_of_tumour(field: OperativeField, ring: RingChoice) -> Gate | None:
    """The side on which all tumour of the level lies; None where it crosses the middle."""
    mine = field.tumour & (field.owner == field.number(ring.level))
    local = (field.places(indices_of(mine)) - field.canal_centre_mm[ring.level]) @ ring.axes[0]
    if not len(local):
        return None
    if local.max() < 0.0:
        return Gate.LEFT
    return Gate.RIGHT if local.min() > 0.0 else None
