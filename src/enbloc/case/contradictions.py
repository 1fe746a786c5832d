"""Statements of one case that do not fit together. They are shown, never repaired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from enbloc.case.model import Case, StatedExtent
from enbloc.case.status import Answer
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level, are_neighbours

BENIGN_STAGES = ("S1", "S2", "S3")


def contradictions(case: Case) -> tuple[Caveat, ...]:
    """Every pair of statements that cannot both be meant, in a fixed order."""
    return (
        *tumour_kind(case),
        *spread(case),
        *counted(case.status.answers),
        *stated_extent(case.extent),
        *vessels(case),
        *planned_levels(case),
    )


def tumour_kind(case: Case) -> Iterator[Caveat]:
    kind, stage = case.tumour.kind, case.tumour.enneking_stage
    if stage is not None and kind == "metastasis":
        yield Caveat(
            "enneking-on-metastasis", f"Enneking stage {stage} is stated for a metastasis; it stages primary tumours"
        )
    if stage in BENIGN_STAGES and kind == "primary-malignant":
        yield Caveat(
            "stage-contradicts-kind", f"{stage} is a benign stage, but the tumour is stated as primary-malignant"
        )
    if stage is not None and stage not in BENIGN_STAGES and kind == "primary-benign":
        yield Caveat(
            "stage-contradicts-kind", f"{stage} is a malignant stage, but the tumour is stated as primary-benign"
        )


def spread(case: Case) -> Iterator[Caveat]:
    status, extent = case.status, case.extent
    primary = case.tumour.kind in ("primary-malignant", "primary-benign")
    if primary and status.visceral_metastases in ("treatable", "untreatable") and case.tumour.enneking_stage != "III":
        yield Caveat(
            "primary-with-metastases",
            f"the tumour is stated as {case.tumour.kind} with {status.visceral_metastases} visceral metastases, "
            "but not as Enneking stage III",
        )
    if status.bone_metastases == "isolated" and (extent.skip_lesion or extent.tomita_type == 7):
        yield Caveat("isolated-with-skip-lesion", "bone metastases are stated as isolated, but also a skip lesion")
    if status.bone_metastases == "isolated" and case.lesions:
        yield Caveat(
            "isolated-with-further-lesions", "bone metastases are stated as isolated, but further lesions are listed"
        )
    if extent.skip_lesion is False:
        for lesion in case.lesions:
            if extent.levels and not touches(lesion.level, extent.levels):
                yield Caveat(
                    "lesion-contradicts-no-skip",
                    f"skip_lesion = false, but a further lesion is listed at {lesion.level}",
                )


def counted(status: Mapping[str, Answer]) -> Iterator[Caveat]:
    """Items of different instruments that ask for the same thing."""
    vertebral, elsewhere = status.get("vertebral_metastases"), status.get("extraspinal_bone_metastases")
    bones = [count for count in (vertebral, elsewhere) if isinstance(count, int)]
    if status.get("bone_metastases") == "isolated" and sum(bones) > 1:
        yield Caveat(
            "isolated-with-several-counted", f"bone metastases are stated as isolated, but {sum(bones)} are counted"
        )
    if status.get("bone_metastases") == "multiple" and len(bones) == 2 and sum(bones) < 2:
        yield Caveat(
            "multiple-with-few-counted", f"bone metastases are stated as multiple, but {sum(bones)} is counted"
        )
    for key in ("major_organ_metastases", "visceral_or_cerebral_spread"):
        if status.get("visceral_metastases") == "none" and status.get(key, "none") != "none":
            yield Caveat("visceral-answers-disagree", f'visceral_metastases = "none", but {key} = "{status[key]}"')
    if status.get("ambulatory") is True and status.get("frankel") in ("A", "B", "C"):
        yield Caveat(
            "ambulatory-contradicts-frankel",
            f"walks independently, but Frankel {status['frankel']} leaves no useful motor function",
        )


def stated_extent(extent: StatedExtent) -> Iterator[Caveat]:
    levels = sorted(extent.levels or (), key=lambda level: level.rank)
    gaps = [(a, b) for a, b in pairwise(levels) if not are_neighbours(a, b)]
    if gaps and extent.skip_lesion is False:
        yield Caveat(
            "levels-contradict-no-skip", f"skip_lesion = false, but {gaps[0][0]} and {gaps[0][1]} are not neighbours"
        )
    if len(levels) > 1 and len(gaps) < len(levels) - 1 and extent.adjacent_vertebra is False:
        yield Caveat("levels-contradict-adjacent", f"adjacent_vertebra = false, but {len(levels)} levels are named")
    if len(levels) == 1 and extent.adjacent_vertebra:
        yield Caveat("adjacent-level-not-named", f"adjacent_vertebra = true, but only {levels[0]} is named")
    stated = extent.tomita_type
    if stated is not None and (higher := highest_claim(extent)) is not None and stated < higher:
        yield Caveat("type-contradicts-extent", f"tomita_type = {stated}, but the other statements make it {higher}")
    if stated == 7 and extent.skip_lesion is False:
        yield Caveat("type-contradicts-extent", "tomita_type = 7 means a skip lesion, but skip_lesion = false")
    if stated == 6 and extent.adjacent_vertebra is False:
        yield Caveat(
            "type-contradicts-extent", "tomita_type = 6 means an adjacent vertebra, but adjacent_vertebra = false"
        )


def highest_claim(extent: StatedExtent) -> int | None:
    """The type that skip and adjacent statements alone amount to."""
    if extent.skip_lesion:
        return 7
    return 6 if extent.adjacent_vertebra else None


def vessels(case: Case) -> Iterator[Caveat]:
    feeders, adamkiewicz = case.vessels.cord_feeders, case.vessels.adamkiewicz
    if adamkiewicz is not None and feeders is not None and adamkiewicz not in feeders:
        yield Caveat(
            "adamkiewicz-not-a-feeder", f"{adamkiewicz} is stated as Adamkiewicz artery, but not among cord_feeders"
        )


def planned_levels(case: Case) -> Iterator[Caveat]:
    planned, involved = case.planned.levels, case.extent.levels
    left = [level for level in involved or () if planned is not None and level not in planned]
    if left:
        yield Caveat(
            "planned-levels-miss-tumour", f"tumour is stated at {', '.join(left)}, which the planned levels leave out"
        )


def touches(level: Level, others: tuple[Level, ...]) -> bool:
    return any(level is other or are_neighbours(level, other) for other in others)
