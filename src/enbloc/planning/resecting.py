"""Whether cuts are sought at all, and the search for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from enbloc.anatomy import Spine
from enbloc.case import Case
from enbloc.core.errors import LabelError
from enbloc.core.evidence import Caveat, Progress, Skipped, Step, silent
from enbloc.core.geometry import Plane
from enbloc.core.volume import Imaging
from enbloc.decisions import Advice, Recommendation
from enbloc.resection.nouns import Resection
from enbloc.resection.removal_nouns import Removal
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import Contact, Extent

ASKED_FOR = frozenset({"recommended", "relatively-indicated"})
"""Answers about total en bloc spondylectomy under which cuts are worth planning; enough that one stays possible."""
SEVERAL_LESIONS = 7


def find_resection(
    case: Case,
    imaging: Imaging | None,
    spine: Spine | Skipped,
    extent: Extent | Skipped,
    advice: Advice,
    settings: ResectionSettings,
    contacts: tuple[Contact, ...] = (),
    given: Mapping[str, Plane] | None = None,
    known: Resection | None = None,
    progress: Progress = silent,
) -> Resection | Skipped:
    """The best cuts, or with `given` planes (by name of the cut, RAS mm) what those come to; `known` is then the
    resection of the same case without them, whose search is not done again.

    Skipped without images or mask, where the advice leaves no en bloc operation possible, and where the anatomy allows
    no cuts. Raises InputError for settings that name what is not known.
    """
    if imaging is None or isinstance(spine, Skipped):
        return Skipped("no images were given")
    if imaging.tumour is None or isinstance(extent, Skipped):
        return Skipped("there is no tumour mask")
    against = speaks_against(extent, advice)
    if against is not None:
        return Skipped(against)
    from enbloc.resection.resect import resect

    progress("seeking the cuts")
    try:
        return resect(
            spine,
            imaging,
            extent,
            settings=settings,
            planned=case.planned.levels,
            encapsulated=case.extent.encapsulated,
            given=given,
            contacts=contacts,
            known=known,
            progress=progress,
        )
    except LabelError as problem:
        return Skipped(f"the labels allow no cuts: {problem.message}")


def speaks_against(extent: Extent, advice: Advice) -> str | None:
    """Why no cuts are to be sought, in the words of the advice; None where an en bloc operation stays possible."""
    if extent.tomita_type.value == SEVERAL_LESIONS:
        return f"no cuts are sought for type {SEVERAL_LESIONS}: {' and '.join(says(extent.tomita_type.because))}"
    tes = advice.tes
    if ASKED_FOR.isdisjoint(tes.possible):
        verdict = " or ".join(tes.possible).replace("-", " ")
        return f"no cuts are sought, as total en bloc spondylectomy is {verdict}: {grounds(tes)}"
    return None


def grounds(found: Recommendation) -> str:
    """What the row that decided says, and in brackets what the rows say that gave it its facts."""
    last = found.because[-1]
    behind = [step for step in found.because[:-1] if step.gives in last.facts]
    text = "; ".join(says((last,)))
    return f"{text} ({'; '.join(says(behind))})" if behind else text


def says(steps: tuple[Step, ...] | list[Step]) -> list[str]:
    """The sentences of the steps' rules, each once."""
    return list(dict.fromkeys(step.rule.partition(": ")[2] or step.gives for step in steps))


def resection_caveats(resection: Resection) -> Iterator[Caveat]:
    """What is to be known of the whole, of each cut, by its name, and of the way out; what a face lacks stands beside
    the face.
    """
    yield from resection.caveats
    if isinstance(resection.removal, Removal):
        yield from resection.removal.caveats
    for cut in resection.cuts:
        yield from (Caveat(caveat.id, f"{cut.name}: {caveat.text}") for caveat in cut.caveats)
