"""What the schematic of the arteries shows: every artery and what flows along the column.

Flows of vertebrae and cord are medians of the samples, as in the plan; those of vessels are of the middle parameters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from enbloc.core.levels import Level
from enbloc.perfusion.column import (
    AORTA,
    NODES,
    Interruption,
    Node,
    Site,
    Vessel,
    conductances,
    cord_bed,
    cord_nodes,
    flows,
)
from enbloc.perfusion.nouns import SIDES, ArteryDrawing, ArteryState, LevelFlow
from enbloc.perfusion.patient import Outcome, Patient
from enbloc.perfusion.request import Request
from enbloc.perfusion.warn import left_open_because

Array = npt.NDArray[np.float64]


def draw(request: Request, patient: Patient, plan: Interruption, found: Outcome | None) -> ArteryDrawing:
    """`found`: what `plan` leaves in the samples, None where nothing is closed."""
    at, named = patient.column, patient.column.named()
    usual = usual_pressures(patient)
    flow = flows(at, patient.middle, [plan])
    now = (usual * flow.pressure[0, 0]).reshape(-1, NODES)
    before = usual.reshape(-1, NODES)
    arteries = tuple(
        artery_state(
            request, patient, plan, (level.value, side), inflow(before, now, at.index(level.value), side, plan)
        )
        for level in named
        for side in (0, 1)
    )
    last = at.index(named[-1].value)
    rows = tuple(level_flow(patient, level, found, before, now, at.index(level.value) < last) for level in named)
    return ArteryDrawing(arteries=arteries, levels=rows)


def usual_pressures(patient: Patient) -> Array:
    """Pressures of the middle column with nothing closed, aorta 1, by the plain dense equations."""
    at, samples = patient.column, patient.middle
    g = conductances(samples)[0, at.kind] * at.weight * np.where(at.site >= 0, samples.sites[0, at.site], 1.0)
    matrix, right = np.zeros((at.nodes, at.nodes)), np.zeros(at.nodes)
    for start, end, conductance in zip(at.start, at.end, g, strict=True):
        for node, other in ((start, end), (end, start)):
            if node >= 0:
                matrix[node, node] += conductance
                if other >= 0:
                    matrix[node, other] -= conductance
                elif other == AORTA:
                    right[node] += conductance
    nodes, shares = cord_nodes(at, samples)
    matrix[nodes, nodes] += cord_bed(samples)[0] * shares
    return np.asarray(np.linalg.solve(matrix, right))


def inflow(before: Array, now: Array, level: int, side: int, plan: Interruption) -> float:
    """Flow through a segmental artery in percent of before."""
    return 100.0 * float((plan.pressure - now[level, side]) / (1.0 - before[level, side]))


def artery_state(request: Request, patient: Patient, plan: Interruption, site: Site, inflow_pct: float) -> ArteryState:
    closed = site in plan.closed
    return ArteryState(
        level=Level(site[0]),
        side=SIDES[site[1]],
        closed=closed,
        embolised=closed and site in request.embolised(),
        resected=site in request.resected_sites,
        left_open_because=left_open_because(request, site),
        inflow_pct=0.0 if closed else inflow_pct,
        feeds_cord=feeds_cord(request, site),
        cord_feeder_chance=patient.chances.get(site, 0.0),
    )


def feeds_cord(request: Request, site: Site) -> bool | None:
    """Known feeders; a site that was to be closed and is not among the known ones does not; else nobody looked."""
    if request.feeders is None:
        return None
    return True if site in request.feeders else (False if site in request.wanted else None)


def level_flow(
    patient: Patient, level: Level, found: Outcome | None, before: Array, now: Array, goes_on: bool
) -> LevelFlow:
    i = patient.column.index(level.value)
    g = conductances(patient.middle)[0]
    normal = 0.5 * (1.0 - float(before[i, :2].mean()))

    def down(kind: Vessel, nodes: tuple[Node, ...]) -> float:
        if not goes_on:
            return 0.0
        share = 1.0 / len(nodes)
        return 100.0 * float(sum(share * g[kind] * (now[i, n] - now[i + 1, n]) for n in nodes)) / normal

    return LevelFlow(
        level=level,
        vertebra_flow_pct=100.0 if found is None else 100.0 * float(np.median(found.vertebra[:, i])),
        cord_flow_pct=100.0 if found is None else 100.0 * float(np.median(found.cord[:, i])),
        arcade_link_pct=down(Vessel.ARCADE, (Node.SEGMENTAL_LEFT, Node.SEGMENTAL_RIGHT)),
        epidural_link_pct=down(Vessel.EPIDURAL_LINK, (Node.EPIDURAL_LEFT, Node.EPIDURAL_RIGHT)),
        anterior_spinal_link_pct=down(Vessel.ANTERIOR_LINK, (Node.ANTERIOR,)),
    )
