"""What a case and its extent say, as facts by name: case fields by their path, and a few that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enbloc.case import Case
from enbloc.core.errors import nearest
from enbloc.core.evidence import Caveat, Skipped
from enbloc.knowledge import histologies
from enbloc.knowledge.instruments import Value

if TYPE_CHECKING:
    from enbloc.tumour import Extent  # loads numpy, which a score on its own does not need

LISTED, VERTEBRAE, SCORE = "histology.listed", "extent.vertebrae", "score."
VERTEBRAE_AT_MOST = 33


@dataclass(frozen=True, slots=True)
class Fact:
    """The values that are possible of one field. `basis`: `stated`, `measured` or `derived`."""

    values: tuple[Value, ...]
    basis: str

    def __str__(self) -> str:
        shown = [str(value).lower() if isinstance(value, bool) else str(value) for value in self.values]
        return " or ".join(shown) if len(shown) < 5 else f"{shown[0]} to {shown[-1]}"


Facts = Mapping[str, Fact]


def facts_of(case: Case, extent: Extent | Skipped | None) -> dict[str, Fact]:
    """Every fact that is known. `histology.listed`: whether tables know the histology by name."""
    found = {f"status.{key}": Fact((value,), "stated") for key, value in case.status.answers.items()}
    for key, value in case.tumour:
        if value is not None:
            found[f"tumour.{key}"] = Fact((value,), "stated")
    if case.tumour.histology is not None:
        found[LISTED] = Fact((case.tumour.histology in histologies(),), "derived")
    return found | dict(extent_facts(case, extent))


def unlisted_histology(case: Case) -> Iterator[Caveat]:
    """Free text is allowed as histology, but no table is filled from it."""
    histology = case.tumour.histology
    if histology is not None and histology not in histologies():
        hint = nearest(histology, histologies()) or "the reference lists the names"
        yield Caveat("histology-not-listed", f"no table is filled from the histology {histology!r} ({hint})")


def extent_facts(case: Case, extent: Extent | Skipped | None) -> dict[str, Fact]:
    """Levels that may be the one to score, types that are possible, and how many vertebrae hold tumour."""
    if extent is None or isinstance(extent, Skipped):
        levels, scored, basis = case.extent.levels or (), case.extent.levels or (), "stated"
        low = high = case.extent.tomita_type
    else:
        basis = "stated" if extent.basis == "stated" else "measured"
        levels = extent.levels
        scored = levels if basis == "stated" or extent.index_level is None else (extent.index_level,)
        low, high = extent.tomita_type.low, extent.tomita_type.high
    found = {}
    if scored:
        found["extent.levels"] = Fact(tuple(level.value for level in scored), basis)
    if low is not None and high is not None:
        found["extent.tomita_type"] = Fact(tuple(range(low, high + 1)), basis)
    if count := len({*levels, *(lesion.level for lesion in case.lesions)}):
        found[VERTEBRAE] = Fact(vertebrae(count, case.extent.skip_lesion), basis)
    return found


def vertebrae(seen: int, skip_lesion: bool | None) -> tuple[int, ...]:
    """How many vertebrae may hold tumour: those seen, or more where nobody has said that there is no skip lesion."""
    return (seen,) if skip_lesion is False else tuple(range(seen, VERTEBRAE_AT_MOST + 1))
