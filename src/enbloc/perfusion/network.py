"""Flow in any network of vessels: pressures from conservation of flow, with beds that regulate themselves or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, pi

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import InputError
from enbloc.core.geometry import Array

Flags = npt.NDArray[np.bool_]
PASCAL_PER_MMHG = 133.322387415
MOST_ROUNDS = 60
SPARSE_FROM = 400


@dataclass(frozen=True, slots=True)
class Branch:
    """A vessel between two nodes. Conductance in ml/min/mmHg, or relative to one vessel for a whole network."""

    start: str
    end: str
    conductance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """Tissue that drains `node` to venous pressure zero and holds its flow nearly steady.

    With x = p / reference and the conductance at the reference pressure: flow / (conductance reference) is
    1 - slope (1 - x) down to x = knee, and proportional to x below it, where the vessels are fully dilated.
    `slope` 1 is a plain resistance.
    """

    node: str
    conductance: float
    reference: float
    slope: float
    knee: float

    def flow(self, pressure: float) -> float:
        """The lesser of the two straight lines: they cross at the knee and the curve is concave."""
        x = pressure / self.reference
        steady = 1.0 - self.slope * (1.0 - x)
        dilated = (1.0 - self.slope * (1.0 - self.knee)) * x / self.knee
        return self.conductance * self.reference * min(steady, dilated)


@dataclass(frozen=True, slots=True)
class FlowNetwork:
    """Vessels, nodes at held pressure (mmHg), beds. A node exists because something names it.

    Raises InputError for a conductance that is negative or no number, a bed that cannot be, and a node that no vessel
    of positive conductance joins to a held pressure or a bed (`branches`, `beds`, `held`).
    """

    branches: tuple[Branch, ...]
    held: Mapping[str, float]
    beds: tuple[Bed, ...] = ()
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        for branch in self.branches:
            if not (isfinite(branch.conductance) and branch.conductance >= 0.0):
                raise InputError(
                    f"{branch.start} to {branch.end}: {branch.conductance} is no conductance", field="branches"
                )
        for bed in self.beds:
            check_bed(bed)
        for name, pressure in self.held.items():
            if not isfinite(pressure):
                raise InputError(f"{name} is held at {pressure}", field="held")
        named = dict.fromkeys(self.held)
        named |= dict.fromkeys(name for branch in self.branches for name in (branch.start, branch.end))
        named |= dict.fromkeys(bed.node for bed in self.beds)
        object.__setattr__(self, "names", tuple(named))
        for name in floating(self):
            raise InputError(f"nothing joins {name} to a held pressure or a bed", field="branches")


@dataclass(frozen=True, slots=True)
class Flow:
    """Pressures by node (mmHg), flow of every branch from start to end, flow out of every bed (ml/min), in the order of
    the network. `residual`: the largest imbalance of a node over the largest flow; `rounds`: linear solves.
    """

    pressure_mmhg: Mapping[str, float]
    branch_ml_min: tuple[float, ...]
    bed_ml_min: tuple[float, ...]
    residual: float
    rounds: int


def check_bed(bed: Bed) -> None:
    fits = (
        isfinite(bed.conductance) and bed.conductance >= 0.0,
        isfinite(bed.reference) and bed.reference > 0.0,
        0.0 <= bed.slope <= 1.0,
        0.0 < bed.knee <= 1.0,
    )
    for name, fit in zip(("conductance", "reference", "slope", "knee"), fits, strict=True):
        if not fit:
            raise InputError(f"{bed.node}: {name} is {getattr(bed, name)}", field="beds")


def floating(network: FlowNetwork) -> list[str]:
    """Nodes whose pressure nothing sets."""
    near: dict[str, list[str]] = {name: [] for name in network.names}
    for branch in network.branches:
        if branch.conductance > 0.0:
            near[branch.start].append(branch.end)
            near[branch.end].append(branch.start)
    reached = set(network.held) | {bed.node for bed in network.beds if bed.conductance > 0.0}
    todo = list(reached)
    while todo:
        for name in near[todo.pop()]:
            if name not in reached:
                reached.add(name)
                todo.append(name)
    return [name for name in network.names if name not in reached]


def solve(network: FlowNetwork) -> Flow:
    """Pressures and flows by conservation, sum_j g_ij (p_i - p_j) + bed_i(p_i) = 0 at every node that is not held.

    Every bed is the lesser of two straight lines, so the whole is solved by choosing a line for each bed, solving the
    linear network, and choosing again (Howard's policy iteration). The matrix is an M-matrix and the beds are concave:
    the pressures only fall after the first round, so the rounds end, and the end is the only solution.
    """
    index = {name: i for i, name in enumerate(network.names)}
    held = np.array([name in network.held for name in network.names])
    laplacian = conductance_matrix(network, index)
    pressure = np.array([network.held.get(name, 0.0) for name in network.names])
    dilated = np.zeros(len(network.beds), dtype=bool)
    rounds = 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        pressure = linear_pressures(network, index, laplacian, held, pressure, dilated)
        gives_way = np.array([pressure[index[bed.node]] < bed.knee * bed.reference for bed in network.beds], dtype=bool)
        if np.array_equal(gives_way, dilated):
            break
        dilated = gives_way
    change = refinement(network, index, laplacian, held, pressure, dilated)
    branch, beds = flows_at(network, index, pressure, change)
    return Flow(
        dict(zip(network.names, map(float, pressure + change), strict=True)),
        branch,
        beds,
        imbalance(network, index, held, branch, beds),
        rounds,
    )


def conductance_matrix(network: FlowNetwork, index: Mapping[str, int]) -> Array:
    matrix = np.zeros((len(index), len(index)))
    for branch in network.branches:
        i, j = index[branch.start], index[branch.end]
        if i != j:
            matrix[i, i] += branch.conductance
            matrix[j, j] += branch.conductance
            matrix[i, j] -= branch.conductance
            matrix[j, i] -= branch.conductance
    return matrix


def linear_pressures(
    network: FlowNetwork, index: Mapping[str, int], laplacian: Array, held: Flags, pressure: Array, dilated: Flags
) -> Array:
    """Pressures with every bed on the line that `dilated` chooses."""
    matrix, drawn = linear_system(network, index, laplacian, dilated)
    found, free = pressure.copy(), ~held
    if free.any():
        right = -drawn[free] - matrix[np.ix_(free, held)] @ pressure[held]
        found[free] = linear_solve(matrix[np.ix_(free, free)], right)
    return found


def linear_system(
    network: FlowNetwork, index: Mapping[str, int], laplacian: Array, dilated: Flags
) -> tuple[Array, Array]:
    """The matrix with the slope of every bed's line, and the flow that each node's beds draw at no pressure."""
    matrix, drawn = laplacian.copy(), np.zeros(len(index))
    for bed, low in zip(network.beds, dilated, strict=True):
        i = index[bed.node]
        if low:
            matrix[i, i] += bed.conductance * (1.0 - bed.slope * (1.0 - bed.knee)) / bed.knee
        else:
            matrix[i, i] += bed.conductance * bed.slope
            drawn[i] += bed.conductance * bed.reference * (1.0 - bed.slope)
    return matrix, drawn


def refinement(
    network: FlowNetwork, index: Mapping[str, int], laplacian: Array, held: Flags, pressure: Array, dilated: Flags
) -> Array:
    """What the pressures still lack, by what they leave over at every node.

    Kept apart from them: behind a narrow vessel the ends of a wide one differ in digits that their sum does not hold.
    """
    change, free = np.zeros(len(index)), ~held
    if free.any():
        matrix, _ = linear_system(network, index, laplacian, dilated)
        left = left_over(network, index, *flows_at(network, index, pressure, change))
        change[free] = linear_solve(matrix[np.ix_(free, free)], -left[free])
    return change


def linear_solve(matrix: Array, right: Array) -> Array:
    """Dense for small networks, sparse for large ones."""
    if len(right) < SPARSE_FROM:
        return np.asarray(np.linalg.solve(matrix, right))
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import splu

    return np.asarray(splu(csc_matrix(matrix)).solve(right))


def flows_at(
    network: FlowNetwork, index: Mapping[str, int], pressure: Array, change: Array
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Flows of branches and beds at `pressure` plus a `change` too small to be added to it."""

    def drop(values: Array, branch: Branch) -> float:
        return float(values[index[branch.start]] - values[index[branch.end]])

    branches = tuple(b.conductance * (drop(pressure, b) + drop(change, b)) for b in network.branches)
    return branches, tuple(float(bed.flow(pressure[index[bed.node]] + change[index[bed.node]])) for bed in network.beds)


def left_over(
    network: FlowNetwork, index: Mapping[str, int], branch: tuple[float, ...], beds: tuple[float, ...]
) -> Array:
    """Flow that leaves each node less flow that reaches it."""
    left = np.zeros(len(index))
    for vessel, flow in zip(network.branches, branch, strict=True):
        left[index[vessel.start]] += flow
        left[index[vessel.end]] -= flow
    for bed, flow in zip(network.beds, beds, strict=True):
        left[index[bed.node]] += flow
    return left


def imbalance(
    network: FlowNetwork, index: Mapping[str, int], held: Flags, branch: tuple[float, ...], beds: tuple[float, ...]
) -> float:
    left = left_over(network, index, branch, beds)
    largest = max(map(abs, (*branch, *beds)), default=0.0)
    return float(np.abs(left[~held]).max(initial=0.0) / largest) if largest > 0.0 else 0.0


def poiseuille_mmhg_min_ml(radius_mm: float, length_mm: float, viscosity_mpa_s: float) -> float:
    """Resistance of a straight tube, 8 viscosity length / (pi radius^4), in mmHg min/ml.

    Raises InputError for a size that is not positive (`radius_mm`, `length_mm`, `viscosity_mpa_s`).
    """
    sizes = {"radius_mm": radius_mm, "length_mm": length_mm, "viscosity_mpa_s": viscosity_mpa_s}
    for name, value in sizes.items():
        if not (isfinite(value) and value > 0.0):
            raise InputError(f"{value} is not a positive size", field=name)
    pa_s_m3 = 8.0 * (viscosity_mpa_s * 1e-3) * (length_mm * 1e-3) / (pi * (radius_mm * 1e-3) ** 4)
    return pa_s_m3 * 1e-6 / 60.0 / PASCAL_PER_MMHG
