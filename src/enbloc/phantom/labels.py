"""Voxel codes to a label map under a shipped scheme's own numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, LabelMap
from enbloc.knowledge import LabelScheme
from enbloc.phantom.build import Voxels
from enbloc.phantom.column import Column
from enbloc.phantom.truth import ZoneCode

CODES = len(ZoneCode)
BONE = tuple(range(1, 11))
_PARTS = {
    "part-body": (1,),
    "part-arch": (2, 3, 4, 5),
    "part-spinous": (6,),
    "part-transverse-left": (7,),
    "part-transverse-right": (8,),
    "part-articular-superior-left": (9,),
    "part-articular-superior-right": (10,),
}
Table = npt.NDArray[np.uint16]


def numbering(scheme: LabelScheme) -> Mapping[int, str]:
    """The scheme's values; a scheme of files is numbered in its own order."""
    return scheme.values or dict(enumerate(dict.fromkeys(scheme.files.values()), start=1))


def label_map(voxels: Voxels, column: Column, grid: Grid, to_mm: Array, scheme: LabelScheme) -> LabelMap:
    """The voxels under `scheme`.

    What the scheme cannot name stays 0; S1 counts as sacrum where S1 has no value of its own.
    """
    names = numbering(scheme)
    values = {name: value for value, name in reversed(list(names.items()))}
    by_part = _part_table(values, column.levels, scheme.holds)
    by_other = np.array([0, *(values.get(name, 0) for name in voxels.structures)], np.uint16)
    labels = by_part.ravel()[voxels.owner * np.uint16(CODES) + voxels.part]
    over = by_other[voxels.other]
    np.copyto(labels, over, where=over > 0)
    if any(name.startswith("part-articular-inferior") for name in values):
        _lower_articular(labels, voxels, column, to_mm, values)
    small = labels.max(initial=0) < 256
    return LabelMap(labels.astype(np.uint8) if small else labels, grid, names)


def _part_table(values: Mapping[str, int], levels: tuple[Level, ...], holds: str) -> Table:
    """Value by owner (0 = none) and zone code."""
    table = np.zeros((len(levels) + 1, CODES), np.uint16)
    for name, codes in _PARTS.items():
        table[1:, list(codes)] = values.get(name, 0)
    table[1:, ZoneCode.CANAL] = values.get("canal", 0)
    for i, level in enumerate(levels, start=1):
        table[i, ZoneCode.DISC] = values.get(f"disc-{level}", values.get("disc", 0))
        whole = _vertebra_value(values, level, i) if holds in ("vertebrae", "instances") else 0
        if whole:
            table[i, list(BONE)] = whole
        body = values.get(f"body-{level}", values.get("vertebral-bodies", 0))
        if body:
            table[i, ZoneCode.BODY] = body
    return table


def _vertebra_value(values: Mapping[str, int], level: Level, number: int) -> int:
    for name in (level.value, f"instance-{number}", "vertebrae"):
        if name in values:
            return values[name]
    return values.get("sacrum", 0) if level is Level.S1 else 0


def _lower_articular(labels: Table, voxels: Voxels, column: Column, to_mm: Array, values: Mapping[str, int]) -> None:
    """Articular voxels below the pedicle belong to the inferior process, where the scheme tells the two apart."""
    for side, code in (("left", ZoneCode.ARTICULAR_LEFT), ("right", ZoneCode.ARTICULAR_RIGHT)):
        index = np.argwhere(voxels.part == code)
        points = index @ to_mm[:, :3].T + to_mm[:, 3]
        owner = voxels.owner[tuple(index.T)].astype(np.intp) - 1
        height = np.einsum("ij,ij->i", points - column.origin[owner], column.axes[owner, 2])
        below = index[height < column.shapes["pedicle_z"][owner] - 2.0]
        labels[tuple(below.T)] = values.get(f"part-articular-inferior-{side}", 0)
