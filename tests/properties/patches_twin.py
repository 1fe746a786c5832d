"""Slow, obvious twin of the patches: one triangle at a time, one question after the other."""

from __future__ import annotations

from math import cos, hypot, radians

from enbloc.anatomy import Barrier, Part
from enbloc.anatomy.patches import Surface
from enbloc.knowledge import Borders

PEDICLES = (Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT)
LAMINAE = (Part.LAMINA_LEFT, Part.LAMINA_RIGHT)


def barriers_one_by_one(  # noqa: C901 - one question after the other, on purpose
    surface: Surface, part, canal, centre, borders: Borders
) -> list[Barrier | None]:
    n = len(part)
    x, y, z = surface.middle.T.tolist()
    nx, ny, nz = surface.normal.T.tolist()
    rim = cos(radians(borders.rim_deg))
    body_x = [x[i] for i in range(n) if part[i] == Part.BODY]
    middle, half = (min(body_x) + max(body_x)) / 2.0, (max(body_x) - min(body_x)) / 2.0

    def is_level(i: int) -> bool:
        return -rim < nz[i] < rim

    def is_medial(i: int) -> bool:
        return part[i] in PEDICLES and is_level(i) and (nx[i] < 0.0 if x[i] > middle else nx[i] > 0.0)

    def mean_x(chosen: list[int]) -> float:
        weight = [surface.area[i] * abs(nx[i]) for i in chosen]
        return sum(w * x[i] for w, i in zip(weight, chosen, strict=True)) / sum(weight)

    left = mean_x([i for i in range(n) if is_medial(i) and x[i] < middle])
    right = mean_x([i for i in range(n) if is_medial(i) and x[i] > middle])

    def is_ventral(i: int) -> bool:
        return is_level(i) and nx[i] * (centre[0] - x[i]) + ny[i] * (centre[1] - y[i]) > 0.0

    def is_lamina(i: int) -> bool:
        return part[i] in LAMINAE and left <= x[i] <= right

    ventral = sorted((i for i in range(n) if is_lamina(i) and is_ventral(i)), key=lambda i: z[i])
    limit, lower, sum_mm2 = borders.flavum_share * sum(surface.area[i] for i in ventral), set(), 0.0
    for i in ventral:
        sum_mm2 += surface.area[i]
        if sum_mm2 > limit:
            break
        lower.add(i)

    def one(i: int) -> Barrier | None:
        if part[i] == Part.BODY or part[i] in PEDICLES:
            backwards = is_level(i) and -ny[i] >= cos(radians(borders.posterior_wall_deg)) * hypot(nx[i], ny[i])
            if part[i] == Part.BODY and nz[i] >= rim:
                return Barrier.CRANIAL_ENDPLATE
            if part[i] == Part.BODY and nz[i] <= -rim:
                return Barrier.CAUDAL_ENDPLATE
            if backwards and left <= x[i] <= right:
                return Barrier.POSTERIOR_LIGAMENT
            if is_medial(i):
                return Barrier.CANAL
            if part[i] == Part.BODY and abs(x[i] - middle) <= borders.anterior_width_share * half and y[i] > 0.0:
                return Barrier.ANTERIOR_LIGAMENT
            return Barrier.LATERAL_LEFT if x[i] < middle else Barrier.LATERAL_RIGHT
        if is_lamina(i) and (not is_level(i) or i in lower):
            return Barrier.FLAVUM
        beside = left - borders.canal_beyond_mm <= x[i] <= right + borders.canal_beyond_mm
        if is_ventral(i) and (is_lamina(i) or (canal[i] and beside)):
            return Barrier.CANAL
        return None if part[i] == Part.SPINOUS else Barrier.LAMINAR

    return [one(i) for i in range(n)]
