"""The plan's warnings: every caveat of every stage, in the order of the stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from enbloc.anatomy import LevelMorphometry, Spine
from enbloc.case import Case, contradictions
from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.volume import Imaging
from enbloc.decisions import Advice, AnyRecommendation
from enbloc.planning.blood import PerfusionFindings
from enbloc.planning.plan import TumourFindings
from enbloc.planning.resecting import resection_caveats
from enbloc.planning.shortening import ShorteningFindings
from enbloc.resection.nouns import Resection
from enbloc.scores import Score, unlisted_histology

STABILITY_WARNINGS = ("collapse-exactly-half", "density-as-normal-bone")
"""Caveats of stability items that put the item itself, or the mask, in question."""
PERFUSION_WARNINGS = (
    "caution",
    "closes-a-feeder",
    "feeder-at-resected-level",
    "feeder-left-open",
    "hypotension-adds",
    "no-automatic-plan",
    "one-side-open",
    "outside-what-was-studied",
    "pressure-outside-what-was-studied",
)
BLOOD_LOSS_WARNINGS = ("blood-loss-outside-what-was-studied",)
SHORTENING_WARNINGS = ("height-unlike-an-adults", "outside-what-was-studied")


def warnings(
    case: Case,
    imaging: Imaging | None,
    spine: Spine | Skipped,
    sizes: tuple[LevelMorphometry, ...],
    tumour: TumourFindings | Skipped,
    scores: dict[str, Score | Skipped],
    advice: Advice,
    resection: Resection | Skipped,
    revised: dict[str, AnyRecommendation] | Skipped,
) -> Iterator[Caveat]:
    """What sizes and stability items lack stands beside them; only what puts them in question is warned of."""
    yield from contradictions(case)
    if imaging is not None:
        yield from (Caveat(name, text) for name, text in imaging.notes)
    if isinstance(spine, Spine):
        yield from spine.caveats
        yield from out_of_view(case, spine)
        yield from (caveat for vertebra in spine.vertebrae for caveat in vertebra.caveats)
    yield from (caveat for one in sizes for caveat in one.caveats if caveat.id == "morphometry-outlier")
    if isinstance(tumour, TumourFindings):
        yield from tumour.caveats
        yield from around_caveats(tumour)
    yield from unlisted_histology(case)
    yield from (caveat for score in scores.values() if isinstance(score, Score) for caveat in score.caveats)
    for field in fields(advice):
        yield from getattr(advice, field.name).caveats
    if isinstance(resection, Resection):
        yield from resection_caveats(resection)
    if not isinstance(revised, Skipped):
        yield from (caveat for found in revised.values() for caveat in found.caveats)


def blood_warnings(
    perfusion: PerfusionFindings | Skipped, shortening: ShorteningFindings | Skipped
) -> Iterator[Caveat]:
    """What bears on what is done; what the numbers rest on stands beside them."""
    if not isinstance(perfusion, Skipped):
        yield from (caveat for caveat in perfusion.warnings if caveat.id in PERFUSION_WARNINGS)
        yield from (caveat for caveat in perfusion.blood_loss.caveats if caveat.id in BLOOD_LOSS_WARNINGS)
        yield from (Caveat(one.id, one.says) for one in perfusion.cord_handling.findings if one.weight == "stop")
    if not isinstance(shortening, Skipped):
        yield from (caveat for caveat in shortening.caveats if caveat.id in SHORTENING_WARNINGS)


def around_caveats(tumour: TumourFindings) -> Iterator[Caveat]:
    if not isinstance(tumour.wbb, Skipped):
        yield from tumour.wbb.caveats
    if not isinstance(tumour.epidural, Skipped):
        yield from tumour.epidural.grade.caveats
    if not isinstance(tumour.vessels, Skipped):
        yield from tumour.vessels.caveats
    if not isinstance(tumour.stability, Skipped):
        items = (item for row in tumour.stability.levels for item in row.items)
        yield from (caveat for item in items for caveat in item.caveats if caveat.id in STABILITY_WARNINGS)


def out_of_view(case: Case, spine: Spine) -> Iterator[Caveat]:
    """Levels that the case names and the label map does not hold: a wrong level, or a wrong patient's images."""
    shown = f"{spine.levels[0]} to {spine.levels[-1]}"
    strangers = [level for level in case.extent.levels or () if level not in spine.levels]
    if strangers:
        text = f"the case states {', '.join(strangers)}, which the label map ({shown}) does not hold"
        yield Caveat("stated-level-not-in-view", text)
    planned = [level for level in case.planned.levels or () if level not in spine.levels]
    if planned:
        text = f"{', '.join(planned)} is planned and not in view: the label map holds {shown}"
        yield Caveat("planned-level-not-in-view", text)
