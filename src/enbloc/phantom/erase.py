"""Bone that the tumour has eaten and that is therefore missing from the label map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from enbloc.core.errors import InputError
from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.core.volume import LabelMap, Mask
from enbloc.phantom.make import Phantom


def erase(phantom: Phantom, level: Level | str, fraction: float, seed: int = 0) -> Phantom:
    """A copy whose label map has lost `fraction` (0.05-0.9) of one vertebra's bone in a tumour-like blob.

    The tumour mask gains the hole; the truth, outline included, stays that of the whole vertebra and of the first
    tumour. Raises InputError for a level that is not in the phantom.
    """
    if not 0.05 <= fraction <= 0.9:
        raise InputError("fraction must lie between 0.05 and 0.9", field="fraction")
    name = Level(level)
    if name not in phantom.truth.names:
        raise InputError(f"{name} is not among the phantom's levels", field="level")
    owner = phantom.truth.names.index(name) + 1
    bone = (phantom.voxels.owner == owner) & (phantom.voxels.part > 0) & (phantom.voxels.part <= 10)
    hole = _hole(phantom, bone, fraction, seed)
    values = phantom.labels.values.copy()
    values[hole] = 0
    labels = LabelMap(values, phantom.grid, phantom.labels.structures)
    return replace(phantom, labels=labels, tumour=phantom.tumour | hole)


def _hole(phantom: Phantom, bone: Mask, fraction: float, seed: int) -> Mask:
    """The share `fraction` of bone voxels nearest, in a bumpy metric, to a point on one side of the body."""
    rng = np.random.default_rng([seed, phantom.spec.seed])
    owner = int(phantom.voxels.owner[bone][0]) - 1
    column = phantom.truth.column
    index = np.argwhere(bone)
    world = phantom.grid.affine.to_world(index)
    local = (phantom.truth.pose.to_patient(world) - column.origin[owner]) @ column.axes[owner].T
    v = column.shapes[owner]
    side = rng.choice([-1.0, 1.0])
    centre = np.array(
        [side * rng.uniform(0.3, 0.7) * v["width_up"], rng.uniform(-0.5, 0.4) * v["depth_up"], rng.uniform(-4.0, 4.0)]
    )
    distance = np.linalg.norm((local - centre) / np.array([1.1, 1.0, 0.9]), axis=1) + _dents(local, rng)
    keep = distance <= np.quantile(distance, fraction)
    hole: Mask = np.zeros(bone.shape, np.bool_)
    hole[tuple(index[keep].T)] = True
    return hole


def _dents(local: Array, rng: np.random.Generator) -> Array:
    waves = rng.normal(size=(5, 3)) * 0.35
    phase = rng.uniform(0.0, 2.0 * np.pi, 5)
    dents: Array = 0.7 * np.sin(local @ waves.T + phase).sum(axis=1)
    return dents
