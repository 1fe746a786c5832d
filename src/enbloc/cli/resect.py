"""`enbloc resect`: the cuts of a plan as tables and sentences. Nothing is decided here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from enbloc.case import read_case
from enbloc.cli.outputs import refuse_unwritable, write_resection
from enbloc.cli.progress import Clock, showing
from enbloc.cli.run import BY_DEFAULT
from enbloc.cli.summary import likelihood, ways_out
from enbloc.cli.surfaces import surfaces_meanwhile
from enbloc.core.errors import one_line
from enbloc.core.evidence import Measured, Skipped
from enbloc.core.units import ranged as with_range
from enbloc.planning import Compared, OwnCuts, Plan, Settings, Written, own_cuts, plan, resection_document
from enbloc.resection.nouns import Alternative, Certificate, ClassRange, Cut, Face, Resection
from enbloc.resection.removal_nouns import WayInstead

WIDTH = 118


@dataclass(frozen=True, slots=True)
class Resected:
    """A plan's cuts, one's own beside them where any were given, and the files written into `folder`."""

    plan: Plan
    own: OwnCuts | Skipped | None
    folder: Path | None
    files: tuple[str, ...]

    @property
    def where(self) -> str:
        if self.folder is None:
            return "Nothing was written; --out DIR writes the cuts for 3D Slicer, the pieces and resection.json."
        names = sorted(name for name in self.files if "/" not in name)
        meshes = sum(name.startswith("meshes/") for name in self.files)
        lines = [f"  {self.folder / name}" for name in names]
        return "\n".join(["Written:", *lines, *([f"  {self.folder / 'meshes'} ({meshes} surfaces)"] if meshes else [])])


def resected(case_path: str, out: Path | None, written: Sequence[Written], settings: Settings = BY_DEFAULT) -> Resected:
    """Plans the case, scores the `written` cuts, and writes both into `out`. Raises InputError before it writes."""
    if out is not None:
        refuse_unwritable(out)
    case = read_case(case_path)
    with showing(Clock()) as clock, surfaces_meanwhile(out is not None) as surfaces:
        imaging = None
        if case.imaging is not None:
            from enbloc.images import load_images

            clock("reading the images")
            imaging = load_images(case, clock)
        planned = plan(case, imaging, settings, clock, surfaces.begin)
        own = own_cuts(planned, written, settings.resection, clock) if written else None
        files = () if out is None else write_resection(planned, own, out, clock, surfaces.made)
    return Resected(planned, own, out, files)


def as_json(done: Resected) -> str:
    return json.dumps(resection_document(done.plan, done.own), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def sheet(done: Resected) -> str:
    """Cuts, faces, certificate, alternatives, what they change in the advice, and one's own cuts."""
    found = done.plan.resection
    lines = [done.plan.case.id]
    if isinstance(found, Skipped):
        return "\n".join([*lines, f"  There are no cuts: {one_line(found.skipped)}"])
    lines += [*head(found), "", *cut_table(found.cuts), *sentences(found), *advice_lines(done.plan)]
    if done.own is not None:
        lines += ["", *own_lines(done.own)]
    return "\n".join(lines)


def head(found: Resection) -> Iterator[str]:
    yield f"  {', '.join(found.levels)} leaves by {len(found.cuts)} cuts: {classed(found.margin_class)}, {least(found)}"


def least(found: Resection) -> str:
    return "least margin not known" if found.margin_mm is None else f"least margin {ranged(found.margin_mm)}"


def classed(found: ClassRange) -> str:
    """The class, with those that resolution leaves open beside it."""
    if found.value is None:
        return f"open ({' or '.join(found.possible)})" if found.possible else "not known"
    others = [other for other in found.possible if other is not found.value]
    return f"{found.value} ({' or '.join(others)} possible)" if others else str(found.value)


def ranged(found: Measured) -> str:
    return with_range(found, "mm", 1)


CUT_HEADS = ("order", "cut", "through", "margin", "class", "section", "in tumour", "dural sac")


def cut_table(cuts: Iterable[Cut]) -> list[str]:
    return drawn(CUT_HEADS, [cut_row(cut) for cut in sorted(cuts, key=lambda cut: cut.order)])


def cut_row(cut: Cut) -> tuple[str, ...]:
    inside = f"{cut.tumour_mm2:.0f} mm², {cut.depth_mm:.1f} mm deep" if cut.tumour_mm2 > 0.0 else "none"
    sac = "not labelled" if cut.sac_clearance_mm is None else ranged(cut.sac_clearance_mm)
    section = f"{cut.section_mm2:.0f} mm²"
    return str(cut.order), cut.name, cut.tissue, ranged(cut.margin_mm), classed(cut.margin_class), section, inside, sac


def drawn(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in plain text, columns as wide as they need."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*map(one_line, row))
    console = Console(file=StringIO(), width=WIDTH, color_system=None, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return [f"  {line.rstrip()}" for line in captured.get().splitlines()]


def sentences(found: Resection) -> Iterator[str]:
    for side in found.open_sides:
        yield f"  {side.level}-{side.gate}: no cut, {one_line(side.because)}"
    yield ""
    yield from face_lines(found.faces)
    yield from certificate_lines(found.certificate)
    yield from other_lines(found.alternatives)
    yield entry("Releases", releases_text(found))
    yield entry("Likelihood", likelihood(found))
    for piece in found.pieces:
        yield entry(
            "Piece", f"{piece.name}: {piece.volume_mm3 / 1000:.1f} mL, of it tumour {piece.tumour_mm3 / 1000:.2f} mL"
        )
    yield from (entry("Way out", line) for line in ways_out(found.removal))
    notes = () if isinstance(found.removal, Skipped) else found.removal.caveats
    for caveat in (*found.caveats, *notes, *(caveat for cut in found.cuts for caveat in cut.caveats)):
        yield entry("Note", f"{caveat.id}: {caveat.text}")


def releases_text(found: Resection) -> str:
    """How many things are freed in each stage; roots that are kept are counted apart."""
    done = [release for release in found.releases if release.action != "keep"]
    stages = ", ".join(f"{n} {stage}" for stage, n in Counter(release.stage for release in done).items())
    kept = len(found.releases) - len(done)
    text = f"{len(done)} before the pieces come out" + (f" ({stages})" if stages else "")
    return text + (f"; {kept} kept" if kept else "")


def entry(name: str, text: str) -> str:
    return f"  {name:<12}{one_line(text)}"


def face_lines(faces: Iterable[Face]) -> Iterator[str]:
    for face in faces:
        margin = "not known" if face.margin_mm is None else f"{ranged(face.margin_mm)} to {face.to}"
        yield entry("Dissected", f"{face.level} {face.face}: {classed(face.margin_class)}, margin {margin}")


def certificate_lines(found: Certificate) -> Iterator[str]:
    if found.gap_mm is None:
        text = f"how much more margin is possible is not known: {found.because}"
    else:
        text = f"at most {found.gap_mm:.2f} mm more margin among {found.family}: {found.because}"
    yield entry("Certificate", text)
    yield entry("", f"{found.planes:,} planes compared; margins beyond {found.enough_mm:g} mm are not counted")


def other_lines(others: Iterable[Alternative]) -> Iterator[str]:
    for other in others:
        allowed = "" if other.feasible else "not possible: "
        yield entry("Instead", f"{other.says}; {allowed}{other.because}")
        yield from (entry("", line) for line in way_instead(other.removal))


def way_instead(found: WayInstead | Skipped | None) -> Iterator[str]:
    """How an alternative's pieces leave, where that was sought."""
    if isinstance(found, Skipped):
        yield f"- way out not sought: {found.skipped}"
    elif found is not None:
        yield f"- way out: {found.says}"
        yield from (f"! {caveat.id}: {caveat.text}" for caveat in found.caveats)


def advice_lines(planned: Plan) -> Iterator[str]:
    """What the cuts change in the advice."""
    if isinstance(planned.revised, Skipped):
        return
    for name, now in planned.revised.items():
        before = getattr(planned.advice, name).action
        yield entry("Advice", f"{name}: {now.action}" + (f" (before: {before})" if before != now.action else ""))
        yield entry("", f"- {now.because[0].gives}")
        earlier = set(getattr(planned.advice, name).caveats)
        yield from (entry("", f"! {caveat.id}: {caveat.text}") for caveat in now.caveats if caveat not in earlier)


OWN_HEADS = ("own cut", "margin", "in tumour", "depth", "section", "dural sac", "neighbour's bone")


def own_lines(own: OwnCuts | Skipped) -> Iterator[str]:
    if isinstance(own, Skipped):
        yield f"  Your cuts were not scored: {one_line(own.skipped)}"
        return
    yield "  Your cuts"
    yield from cut_table(one.own for one in own.compared if one.own is not None)
    yield "  against those found (yours less ours)"
    yield from drawn(OWN_HEADS, [difference_row(one) for one in own.compared])
    for one in own.compared:
        scored = "no section to score" if one.own is None else "scored all the same"
        yield from (entry(one.name, f"{caveat.text}; {scored}") for caveat in one.remarks)
    if all(one.own is not None for one in own.compared):
        yield f"  With your cuts: {classed(own.resection.margin_class)}, {least(own.resection)}"
        yield from (entry("Way out", line) for line in ways_out(own.resection.removal))


def difference_row(one: Compared) -> tuple[str, ...]:
    numbers = (
        (one.margin_mm, "+.1f", "mm"),
        (one.tumour_mm2, "+.0f", "mm²"),
        (one.depth_mm, "+.1f", "mm"),
        (one.section_mm2, "+.0f", "mm²"),
        (one.sac_clearance_mm, "+.1f", "mm"),
        (one.neighbour_bone_mm3, "+.0f", "mm³"),
    )
    return (one.name, *("-" if value is None else f"{value:{form}} {unit}" for value, form, unit in numbers))
