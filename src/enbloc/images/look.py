"""What the inputs of a case look like, for `enbloc check`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from enbloc.case import Case
from enbloc.core.errors import InputError
from enbloc.core.evidence import Progress, silent
from enbloc.images.census import Census, take_census
from enbloc.images.contradictions import (
    contradictions_in,
    fitting_schemes,
    levels_under,
    names_under,
    order_correlation,
    order_heights,
)
from enbloc.images.finding import Finding, describe
from enbloc.images.label_file import read_labels, read_values, scheme_of
from enbloc.images.load import load_images
from enbloc.images.look_dicom import look_at_object, look_at_scan
from enbloc.images.paths import resolve
from enbloc.knowledge.schemes import LabelScheme, load_scheme

SHOUTED = (
    "label-order-reversed",
    "label-order-mixed",
    "label-values-unknown",
    "level-names-jump",
    "sides-flipped",
    "sides-contradicted",
)


def look(case: Case, progress: Progress = silent) -> tuple[Finding, ...]:
    """Findings about each label file, then everything that reading the whole case notes or refuses. Never raises
    InputError.
    """
    if case.imaging is None:
        return ()
    found: list[Finding] = []
    looks: list[tuple[str, Callable[[], list[Finding]]]] = [
        (entry.file, partial(_look_at_labels, case, place)) for place, entry in enumerate(case.imaging.labels)
    ]
    if case.imaging.image is not None:
        looks.append((case.imaging.image, partial(look_at_scan, case, case.imaging.image)))
    if case.imaging.tumour is not None:
        looks.append((case.imaging.tumour.file, partial(look_at_object, case, case.imaging.tumour.file)))
    for file, see in looks:
        progress(f"looking at {file}")
        try:
            found += see()
        except InputError as error:
            found.append(Finding("refused", file, "refused", str(error)))
    try:
        imaging = load_images(case, progress)
    except InputError as error:
        if str(error) not in {f.text for f in found}:
            found.append(Finding("refused", error.file or "imaging", "refused", str(error)))
        return tuple(found)
    said = {f.id for f in found}
    found += [Finding("warning", "imaging", id_, text) for id_, text in imaging.notes if id_ not in said]
    if imaging.tumour is not None and case.imaging.tumour is not None:
        volume_ml = np.count_nonzero(imaging.tumour) * imaging.grid.affine.voxel_volume_mm3 / 1000.0
        found.append(Finding("note", case.imaging.tumour.file, "tumour", f"{volume_ml:.2f} mL"))
    if imaging.image is not None and case.imaging.image is not None:
        found.append(Finding("note", case.imaging.image, "image", describe(imaging.image.grid)))
    return tuple(found)


def _look_at_labels(case: Case, place: int) -> list[Finding]:
    assert case.imaging is not None
    entry = case.imaging.labels[place]
    path = resolve(case.folder, entry.file, f"imaging.labels[{place}].file")
    scheme = scheme_of(entry.scheme, case.folder, f"imaging.labels[{place}].scheme")
    objects = look_at_object(case, entry.file)
    if scheme.form == "files" or objects:
        read = read_labels(path, entry.file, scheme)
        grid, census, names = read.grid, read.census, read.names
    else:
        values, grid = read_values(path, entry.file)
        census = take_census(values, grid)
        names = names_under(census, scheme)
    means = ", ".join(f"{value} {names.get(value, '?')}" for value in census.values) or "nothing"
    found = [
        *objects,
        Finding("note", entry.file, "grid", describe(grid)),
        Finding("note", entry.file, "values", f"under {scheme.id}: {means}"),
    ]
    correlation = order_correlation(order_heights(census, names))
    if correlation is not None:
        text = f"order of levels against height: rank correlation {correlation:.2f} (1 = as it must be)"
        found.append(Finding("note", entry.file, "label-order", text))
    for caveat in contradictions_in(census, names, scheme):
        severity = "contradiction" if caveat.id in SHOUTED else "warning"
        found.append(Finding(severity, entry.file, caveat.id, caveat.text))
    found += [Finding("note", entry.file, "scheme-trap", f"{scheme.id}: {trap}") for trap in scheme.traps]
    if scheme.form == "values" and not objects and scheme.holds != "parts":
        found.append(Finding("note", entry.file, "schemes-that-fit", _fits(census)))
    return found


def _fits(census: Census) -> str:
    """Every shipped scheme that nothing contradicts, with the levels it would read; fitting is no proof."""
    fits = [f"{name} ({_range(load_scheme(name), census)})" for name in fitting_schemes(census)]
    return "nothing contradicts: " + (", ".join(fits) if fits else "none of the shipped schemes")


def _range(scheme: LabelScheme, census: Census) -> str:
    levels = levels_under(scheme, census)
    if scheme.holds == "instances":
        return "instances, to be anchored"
    if not levels:
        return "no levels"
    return levels[0] if len(levels) == 1 else f"{levels[0]}-{levels[-1]}"
