"""Many columns at once: the band of each is filled, factored and solved in place, its beds chosen until they agree."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

AORTA, VEIN = -1, -2
WIDE = 8
"""Width of the band: no two joined nodes lie farther apart."""
MOST_ROUNDS = 60


@numba.njit(cache=True)
def fill(
    band: Array,
    right: Array,
    nodes: int,
    start: Array,
    end: Array,
    conductance: Array,
    factor: Array,
    pressure: float,
) -> None:
    """Upper band of the conductance matrix (row i: M[i, i], M[i, i+1], ...) and the aorta's share of the right side."""
    band[:] = 0.0
    right[:] = 0.0
    for b in range(len(start)):
        g = conductance[b] * factor[b]
        i, j = start[b], end[b]
        if i == AORTA:
            band[j, 0] += g
            right[j] += g * pressure
        elif j == VEIN:
            band[i, 0] += g
        else:
            band[i, 0] += g
            band[j, 0] += g
            band[min(i, j), abs(i - j)] -= g
    for i in range(nodes, len(band)):
        band[i, 0] = 1.0


@numba.njit(cache=True)
def solve_band(band: Array, right: Array, nodes: int) -> None:
    """Symmetric elimination without pivoting (the matrix is diagonally dominant); `right` becomes the solution.

    `band` and `right` have WIDE rows more than `nodes`. WIDE is a constant so that the loops are laid out flat.
    """
    for j in range(nodes):
        inverse = 1.0 / band[j, 0]
        for k in range(1, WIDE + 1):
            part = band[j, k] * inverse
            for m in range(k, WIDE + 1):
                band[j + k, m - k] -= part * band[j, m]
            right[j + k] -= part * right[j]
    for j in range(nodes - 1, -1, -1):
        total = right[j]
        for k in range(1, WIDE + 1):
            total -= band[j, k] * right[j + k]
        right[j] = total / band[j, 0]


@numba.njit(cache=True)
def add_beds(
    band: Array,
    right: Array,
    before: Array,
    node: Array,
    conductance: Array,
    slope: float,
    low: float,
    dilated: Array,
) -> None:
    """Each bed on the line that `dilated` chooses: low p, or slope p + (1 - slope) p before, times its conductance."""
    for c in range(len(node)):
        i, g = node[c], conductance[c]
        if dilated[c]:
            band[i, 0] += g * low
        else:
            band[i, 0] += g * slope
            right[i] -= g * (1.0 - slope) * before[i]


@numba.njit(cache=True)
def choose(now: Array, before: Array, node: Array, knee: float, dilated: Array) -> bool:
    """Chooses the lower line of each bed anew; whether nothing changed."""
    same = True
    for c in range(len(node)):
        gives_way = now[node[c]] < knee * before[node[c]]
        if gives_way != dilated[c]:
            dilated[c] = gives_way
            same = False
    return same


@numba.njit(cache=True)
def imbalance(
    now: Array,
    loss: Array,
    start: Array,
    end: Array,
    conductance: Array,
    factor: Array,
    pressure: float,
) -> float:
    """Adds to `loss` what every node loses through branches; the largest inflow from the aorta."""
    largest = 1e-300
    for b in range(len(start)):
        i, j, g = start[b], end[b], conductance[b] * factor[b]
        upper = pressure if i == AORTA else now[i]
        flow = g * (upper - (0.0 if j == VEIN else now[j]))
        if i == AORTA:
            largest = max(largest, abs(flow))
        else:
            loss[i] += flow
        if j != VEIN:
            loss[j] -= flow
    return largest


@numba.njit(cache=True, nogil=True)
def solve_columns(
    nodes: int,
    start: Array,
    end: Array,
    kind: Array,
    weight: Array,
    site: Array,
    bed_node: Array,
    bed_weight: Array,
    conductances: Array,
    sites: Array,
    bed_conductance: Array,
    slope: Array,
    knee: Array,
    factors: Array,
    pressures: Array,
    out: Array,
    residual: Array,
) -> None:
    """Pressures in networks n under scenarios s over those before: out[n, s, node] = p / p before.

    Branch b has conductance conductances[n, kind[b]] weight[b], times sites[n, site[b]] where site[b] is not negative,
    times factors[s, b] under scenario s; factors[0] and pressures[0] describe what was before, when beds are plain
    resistances bed_conductance[n] bed_weight. Afterwards the flow of a bed over that before is min(1 - slope (1 - x),
    (1 - slope (1 - knee)) x / knee) with x = p / p before. residual[n] is the largest imbalance of a node over the
    largest inflow of a branch from the aorta, of all scenarios.
    """
    band = np.zeros((nodes + WIDE, WIDE + 1))
    right = np.zeros(nodes + WIDE)
    conductance = np.zeros(len(start))
    before = np.zeros(nodes)
    loss = np.zeros(nodes)
    dilated = np.zeros(len(bed_node), dtype=np.bool_)
    for n in range(out.shape[0]):
        for b in range(len(start)):
            place = sites[n, site[b]] if site[b] >= 0 else 1.0
            conductance[b] = conductances[n, kind[b]] * weight[b] * place
        bed = bed_conductance[n] * bed_weight
        low = (1.0 - slope[n] * (1.0 - knee[n])) / knee[n]
        residual[n] = 0.0
        for s in range(out.shape[1]):
            steady = 1.0 if s == 0 else slope[n]
            dilated[:] = False
            for _round in range(MOST_ROUNDS):
                fill(band, right, nodes, start, end, conductance, factors[s], pressures[s])
                add_beds(band, right, before, bed_node, bed, steady, low, dilated)
                solve_band(band, right, nodes)
                if s == 0 or choose(right, before, bed_node, knee[n], dilated):
                    break
            if s == 0:
                before[:] = right[:nodes]
            loss[:] = 0.0
            largest = imbalance(right, loss, start, end, conductance, factors[s], pressures[s])
            for c in range(len(bed_node)):
                i = bed_node[c]
                x = right[i] / before[i]
                loss[i] += bed[c] * before[i] * min(1.0 - steady * (1.0 - x), low * x if s else x)
            for i in range(nodes):
                residual[n] = max(residual[n], abs(loss[i]) / largest)
                out[n, s, i] = right[i] / before[i]
