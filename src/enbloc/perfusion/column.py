"""The arteries of a spine as a network: eight nodes to a level, left and right, and what closing some of them does.

At every level, on each side: the aorta gives a segmental artery; it feeds the vertebral body, muscle and wall; its
spinal branch feeds the epidural arcade in the canal, which feeds body and arch, the dural plexus, and by
radiculomedullary arteries the anterior and posterior spinal arteries, which the pial plexus joins around the cord.
Paraspinous, epidural and dural networks and the spinal arteries run on to the next level; paraspinous and epidural
arcades cross the midline. The wall's arteries reach a segmental artery from the front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from enbloc.core.levels import Level
from enbloc.knowledge.perfusion_tables import column_levels, ratios

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
AORTA, VEIN = -1, -2
THREADS = 2
FEWEST_PER_THREAD = 24


class Node(IntEnum):
    """Nodes of one level, in the order of the matrix."""

    SEGMENTAL_LEFT = 0
    SEGMENTAL_RIGHT = 1
    EPIDURAL_LEFT = 2
    EPIDURAL_RIGHT = 3
    DURAL = 4
    ANTERIOR = 5
    POSTERIOR_LEFT = 6
    POSTERIOR_RIGHT = 7


class Vessel(IntEnum):
    """Kinds of branch; all of one kind have one conductance times the weight of the branch."""

    SEGMENTAL = 0
    SEGMENT_BED = 1
    EPIDURAL_BED = 2
    TUMOUR_BED = 3
    ARCADE = 4
    ARCADE_CROSS = 5
    SPINAL_BRANCH = 6
    EPIDURAL_LINK = 7
    EPIDURAL_CROSS = 8
    DURAL_BRANCH = 9
    DURAL_LINK = 10
    DURAL_PIAL = 11
    FEEDER_ANTERIOR = 12
    FEEDER_POSTERIOR = 13
    ANTERIOR_LINK = 14
    POSTERIOR_LINK = 15
    PIAL_RING = 16
    WALL = 17


NODES = len(Node)
SEGMENTAL = (Node.SEGMENTAL_LEFT, Node.SEGMENTAL_RIGHT)
EPIDURAL = (Node.EPIDURAL_LEFT, Node.EPIDURAL_RIGHT)
POSTERIOR = (Node.POSTERIOR_LEFT, Node.POSTERIOR_RIGHT)
Site = tuple[str, int]
"""A level's name and a side: 0 left, 1 right."""


@dataclass(frozen=True, slots=True)
class Column:
    """Branches of a column as arrays: nodes (AORTA, VEIN below zero), kind, weight.

    `site` is 2 level + side for branches whose strength is given by place (anterior feeders), else -1; `at` is
    2 level + side, or 2 level where a branch has no side.
    """

    levels: tuple[str, ...]
    start: Places
    end: Places
    kind: Places
    weight: Array
    site: Places
    at: Places

    @property
    def nodes(self) -> int:
        return NODES * len(self.levels)

    def index(self, level: str) -> int:
        return self.levels.index(level)

    def named(self) -> tuple[Level, ...]:
        """The levels that have segmental arteries of their own; the others only continue the column at its ends."""
        return tuple(Level(name) for name in self.levels if name[0] in "TL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """What is closed.

    `closed`: segmental arteries at their origin. `distal`: sites whose spinal branch and feeders are closed as well.
    `feeders`: sites whose anterior and posterior radiculomedullary arteries are closed. `inflow`: factor on a segmental
    artery's conductance, for collaterals that grew. `pressure`: aortic pressure over the usual one.
    """

    closed: frozenset[Site] = frozenset()
    distal: frozenset[Site] = frozenset()
    feeders: frozenset[Site] = frozenset()
    inflow: Mapping[Site, float] = field(default_factory=dict)
    pressure: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Parameters of n columns, each an array of n. `ratios` by id; `sites`: n x (2 levels), relative strength of the
    anterior feeders by place, mean 1; `tumour`: flow of a vertebra with tumour over one without.

    Conductances are relative to the pair of segmental arteries of a level: `arcade` to the next level, `feeder` of a
    level, `cord_link` of all spinal arteries to the next level. `slope`, `knee`: of the cord's bed.
    """

    arcade: Array
    feeder: Array
    cord_link: Array
    slope: Array
    knee: Array
    ratios: Mapping[str, Array]
    sites: Array
    tumour: Array

    def __len__(self) -> int:
        return len(self.arcade)


@dataclass(frozen=True, slots=True)
class ColumnFlow:
    """Fractions of before, [sample, interruption, level]: flow of vertebra and cord, and pressures [.., node]."""

    vertebra: Array
    cord: Array
    pressure: Array
    residual: float


@cache
def column(kind: str, tumour: tuple[str, ...] = ()) -> Column:
    """The `dog` or `human` column; the vertebrae named in `tumour` have the beds of a tumour as well."""
    return column_of(column_levels(kind), tumour)


@cache
def column_of(levels: tuple[str, ...], tumour: tuple[str, ...] = ()) -> Column:
    """A column of these levels, cranial first."""
    rows = [row for i, name in enumerate(levels) for row in level_branches(i, name in tumour)]
    rows += [row for i in range(len(levels) - 1) for row in links(i)]
    start, end, kinds, weight, site, at = zip(*rows, strict=True)
    ints = [np.array(part, dtype=np.int64) for part in (start, end, kinds, site, at)]
    return Column(levels, ints[0], ints[1], ints[2], np.array(weight, dtype=float), ints[3], ints[4])


Row = tuple[int, int, int, float, int, int]


def level_branches(level: int, tumour: bool) -> Iterator[Row]:
    """Branches within one level. Weights of pairs are one half, so that a kind's conductance is that of both sides."""
    first = NODES * level
    for side in (0, 1):
        here = 2 * level + side
        segmental, epidural, posterior = (first + pair[side] for pair in (SEGMENTAL, EPIDURAL, POSTERIOR))
        yield AORTA, segmental, Vessel.SEGMENTAL, 0.5, -1, here
        yield AORTA, segmental, Vessel.WALL, 0.5, -1, here
        yield segmental, VEIN, Vessel.SEGMENT_BED, 0.5, -1, here
        yield epidural, VEIN, Vessel.EPIDURAL_BED, 0.5, -1, here
        if tumour:
            yield segmental, VEIN, Vessel.TUMOUR_BED, 0.5, -1, here
        yield segmental, epidural, Vessel.SPINAL_BRANCH, 0.5, -1, here
        yield epidural, first + Node.DURAL, Vessel.DURAL_BRANCH, 0.5, -1, here
        yield epidural, first + Node.ANTERIOR, Vessel.FEEDER_ANTERIOR, 0.5, here, here
        yield epidural, posterior, Vessel.FEEDER_POSTERIOR, 0.5, -1, here
        yield first + Node.DURAL, posterior, Vessel.DURAL_PIAL, 0.25, -1, here
        yield first + Node.ANTERIOR, posterior, Vessel.PIAL_RING, 0.5, -1, here
    yield first + Node.DURAL, first + Node.ANTERIOR, Vessel.DURAL_PIAL, 0.5, -1, 2 * level
    yield first + SEGMENTAL[0], first + SEGMENTAL[1], Vessel.ARCADE_CROSS, 1.0, -1, 2 * level
    yield first + EPIDURAL[0], first + EPIDURAL[1], Vessel.EPIDURAL_CROSS, 1.0, -1, 2 * level


def links(level: int) -> Iterator[Row]:
    """Branches from a level to the next."""
    first = NODES * level
    for node, kind, weight in (
        *((node, Vessel.ARCADE, 0.5) for node in SEGMENTAL),
        *((node, Vessel.EPIDURAL_LINK, 0.5) for node in EPIDURAL),
        (Node.DURAL, Vessel.DURAL_LINK, 1.0),
        (Node.ANTERIOR, Vessel.ANTERIOR_LINK, 1.0),
        *((node, Vessel.POSTERIOR_LINK, 0.5) for node in POSTERIOR),
    ):
        yield first + node, first + node + NODES, kind, weight, -1, 2 * level


def conductances(samples: Samples) -> Array:
    """n x kinds."""
    r, found = samples.ratios, np.zeros((len(samples), len(Vessel)))
    bed = r["segment_bed"]
    anterior = samples.cord_link * r["anterior_share"]
    epidural = anterior * r["epidural_link"]
    vertebra = bed * (1.0 - r["muscle_share"])
    values: dict[Vessel, Array | float] = {
        Vessel.SEGMENTAL: 1.0,
        Vessel.SEGMENT_BED: bed - vertebra * r["epidural_body_share"],
        Vessel.EPIDURAL_BED: vertebra * r["epidural_body_share"],
        Vessel.TUMOUR_BED: vertebra * (samples.tumour - 1.0),
        Vessel.ARCADE: samples.arcade,
        Vessel.ARCADE_CROSS: samples.arcade * r["arcade_cross"],
        Vessel.SPINAL_BRANCH: r["spinal_branch"],
        Vessel.EPIDURAL_LINK: epidural,
        Vessel.EPIDURAL_CROSS: epidural * r["epidural_cross"],
        Vessel.DURAL_BRANCH: epidural * r["dural_branch"],
        Vessel.DURAL_LINK: epidural * r["dural_link"],
        Vessel.DURAL_PIAL: samples.feeder * r["dural_pial"],
        Vessel.FEEDER_ANTERIOR: samples.feeder * r["central_share"],
        Vessel.FEEDER_POSTERIOR: samples.feeder * (1.0 - r["central_share"]),
        Vessel.ANTERIOR_LINK: anterior,
        Vessel.POSTERIOR_LINK: samples.cord_link - anterior,
        Vessel.PIAL_RING: cord_bed(samples) * r["pial_ring"],
        Vessel.WALL: r["wall_inflow"],
    }
    for kind, value in values.items():
        found[:, int(kind)] = value
    return found


def cord_bed(samples: Samples) -> Array:
    return np.asarray(samples.ratios["segment_bed"] * samples.ratios["cord_bed"])


def factors(at: Column, interruption: Interruption) -> Array:
    """Factor on the conductance of every branch."""
    found = np.ones(len(at.start))
    groups: tuple[tuple[frozenset[Site], tuple[Vessel, ...]], ...] = (
        (interruption.closed, (Vessel.SEGMENTAL,)),
        (interruption.distal, (Vessel.SPINAL_BRANCH, Vessel.FEEDER_ANTERIOR, Vessel.FEEDER_POSTERIOR)),
        (interruption.feeders, (Vessel.FEEDER_ANTERIOR, Vessel.FEEDER_POSTERIOR)),
    )
    for sites, kinds in groups:
        if sites:
            places = [2 * at.index(level) + side for level, side in sites]
            found[of_kinds(at, kinds) & np.isin(at.at, places)] = 0.0
    for (level, side), factor in interruption.inflow.items():
        found[of_kinds(at, (Vessel.SEGMENTAL,)) & (at.at == 2 * at.index(level) + side)] = factor
    return found


def of_kinds(at: Column, kinds: tuple[Vessel, ...]) -> npt.NDArray[np.bool_]:
    return np.isin(at.kind, kinds)


def flows(at: Column, samples: Samples, interruptions: Sequence[Interruption]) -> ColumnFlow:
    """What each interruption leaves in each sample. The state before is the same column with nothing closed."""
    from enbloc.perfusion.kernels import WIDE, solve_columns

    assert WIDE == NODES

    every = [Interruption(), *interruptions]
    count, g = len(samples), conductances(samples)
    multiply = np.array([factors(at, one) for one in every])
    aortic = np.array([one.pressure for one in every])
    ratio = np.empty((count, len(every), at.nodes))
    residual = np.empty(count)
    nodes, weights = cord_nodes(at, samples)
    bed = cord_bed(samples)
    slope, knee = np.ascontiguousarray(samples.slope), np.ascontiguousarray(samples.knee)  # else compiled once more

    def part(rows: slice) -> None:
        solve_columns(
            at.nodes, at.start, at.end, at.kind, at.weight, at.site, nodes, weights, g[rows],
            samples.sites[rows], bed[rows], slope[rows], knee[rows], multiply, aortic, ratio[rows],
            residual[rows],
        )  # fmt: skip

    over_threads(part, count)
    return read_flows(at, samples, ratio[:, 1:], float(residual.max(initial=0.0)))


def over_threads(part: Callable[[slice], None], count: int) -> None:
    """Calls `part` with slices that cover `count` samples; what each slice gives does not depend on the others."""
    threads = max(1, min(THREADS, count // FEWEST_PER_THREAD))
    if threads == 1:
        part(slice(0, count))
        return
    edges = np.linspace(0, count, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, [slice(a, b) for a, b in pairwise(edges)]))


def cord_nodes(at: Column, samples: Samples) -> tuple[Places, Array]:
    """Nodes that drain to the cord, and the share of a level's bed at each: centre, left and right rim."""
    central = float(samples.ratios["central_share"][0])
    inside = np.array([Node.ANTERIOR, *POSTERIOR])
    nodes = (NODES * np.arange(len(at.levels))[:, None] + inside).ravel()
    shares = np.array([central, (1.0 - central) / 2.0, (1.0 - central) / 2.0])
    return nodes, np.tile(shares, len(at.levels))


def read_flows(at: Column, samples: Samples, ratio: Array, residual: float) -> ColumnFlow:
    """Flows from pressures over those before: vertebrae in proportion, the cord by its own curve."""
    by_level = ratio.reshape(*ratio.shape[:2], len(at.levels), NODES)
    epidural = samples.ratios["epidural_body_share"][:, None, None]
    outer = by_level[..., list(SEGMENTAL)].mean(axis=-1)
    inner = by_level[..., list(EPIDURAL)].mean(axis=-1)
    central = samples.ratios["central_share"][:, None, None]
    flow = bed_share(by_level, samples.slope[:, None, None, None], samples.knee[:, None, None, None])
    cord = central * flow[..., Node.ANTERIOR] + (1.0 - central) * flow[..., list(POSTERIOR)].mean(axis=-1)
    return ColumnFlow((1.0 - epidural) * outer + epidural * inner, cord, ratio, residual)


def bed_share(x: Array, slope: Array, knee: Array) -> Array:
    """Flow of a cord bed over that before, at pressure x over that before: see `network.Bed`."""
    return np.minimum(1.0 - slope * (1.0 - x), (1.0 - slope * (1.0 - knee)) / knee * x)


def one_sample(
    at: Column,
    *,
    arcade: float,
    feeder: float,
    cord_link: float,
    slope: float,
    knee: float,
    changed: Mapping[str, float] | None = None,
    sites: Array | None = None,
) -> Samples:
    """A single column with the tables' ratios (but `changed`) and feeders alike at every level unless `sites` says."""
    values = {name: ratio.value for name, ratio in ratios().items()} | dict(changed or {})
    alike = np.ones((1, 2 * len(at.levels)))
    return Samples(
        arcade=np.array([arcade]),
        feeder=np.array([feeder]),
        cord_link=np.array([cord_link]),
        slope=np.array([slope]),
        knee=np.array([knee]),
        ratios={name: np.array([value]) for name, value in values.items()},
        sites=alike if sites is None else np.atleast_2d(sites),
        tumour=np.ones(1),
    )


def bilateral(levels: Sequence[str]) -> frozenset[Site]:
    """Both sides of the levels."""
    return frozenset((level, side) for level in levels for side in (0, 1))
