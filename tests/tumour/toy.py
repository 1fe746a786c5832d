"""A column of blocks, so that every volume and depth can be counted by hand.

In voxels (+i right, +j front, +k up), the same for every vertebra, 12 voxels high with a disc of 4 below it:
body      i 20-39, j 30-49     20 x 20
pedicles  j 24-29, left i 14-23, right i 36-45 (beside the canal)
canal     i 24-35, j 18-29, through the whole column
arch      the ring behind: i 14-45, j 8-17, and beside the canal j 18-23
disc      under the body
The rest is paravertebral.
"""

from __future__ import annotations

import numpy as np

from enbloc.anatomy import Numbering, Part, Spine, Vertebra
from enbloc.core.geometry import Affine, Box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid

HEIGHT, DISC = 12, 4
PITCH = HEIGHT + DISC
BELOW = 6
"""Voxels under the lowest disc and over the highest body."""
BODY = (slice(20, 40), slice(30, 50))
PEDICLES = {"left": (slice(14, 24), slice(24, 30)), "right": (slice(36, 46), slice(24, 30))}
CANAL = (slice(24, 36), slice(18, 30))
ARCH = (
    ((slice(14, 46), slice(8, 18)), Part.SPINOUS),
    ((slice(14, 24), slice(18, 24)), Part.LAMINA_LEFT),
    ((slice(36, 46), slice(18, 24)), Part.LAMINA_RIGHT),
)
ARCH_VOXELS = (32 * 10 + 2 * 10 * 6) * HEIGHT


class Toy:
    """Levels cranial first. `paint` adds tumour in columns (i, j) and heights counted up from a body's floor."""

    def __init__(
        self,
        levels: tuple[str, ...] = ("T11", "T12", "L1"),
        spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
        structures: tuple[str, ...] = (),
    ) -> None:
        self.levels = tuple(Level(level) for level in levels)
        self.structures = structures
        shape = (60, 56, 2 * BELOW + PITCH * len(levels))
        self.grid = Grid(shape, Affine(np.diag([*spacing_mm, 1.0])))
        self.part = np.zeros(shape, np.uint8)
        self.owner = np.zeros(shape, np.uint8)
        self.tumour = np.zeros(shape, bool)
        for number, level in enumerate(levels, start=1):
            self._vertebra(number, self.floor(level))

    def floor(self, level: str) -> int:
        """Index of the lowest layer of the level's body."""
        return BELOW + DISC + PITCH * (len(self.levels) - 1 - self.levels.index(Level(level)))

    def _vertebra(self, number: int, floor: int) -> None:
        bone = slice(floor, floor + HEIGHT)
        whole = slice(floor - DISC, floor + HEIGHT)
        self._put((*CANAL, whole), Part.CANAL, number)
        self._put((*BODY, bone), Part.BODY, number)
        self._put((*BODY, slice(floor - DISC, floor)), Part.DISC, number)
        self._put((*PEDICLES["left"], bone), Part.PEDICLE_LEFT, number)
        self._put((*PEDICLES["right"], bone), Part.PEDICLE_RIGHT, number)
        for columns, part in ARCH:
            self._put((*columns, bone), part, number)

    def _put(self, where: tuple[slice, slice, slice], part: Part, number: int) -> None:
        self.part[where] = part
        self.owner[where] = number

    def paint(self, level: str, i: tuple[int, int], j: tuple[int, int], k: tuple[int, int] = (3, 9)) -> Toy:
        """Adds a block of tumour; ranges are half open, `k` counts from the floor of the level's body."""
        floor = self.floor(level)
        block = (slice(*i), slice(*j), slice(floor + k[0], floor + k[1]))
        self.tumour[block] = True
        loose = self.owner[block] == 0  # as anatomy books it: soft tissue goes with the level at whose height it lies
        self.owner[block][loose] = self.levels.index(Level(level)) + 1
        return self

    def spine(self) -> Spine:
        return Spine(
            grid=self.grid,
            region=self.grid.box,
            vertebrae=tuple(self._described(level) for level in self.levels),
            part=self.part,
            owner=self.owner,
            estimated=np.zeros(self.grid.shape, bool),
            tumour=self.tumour,
            no_go=self.part == Part.CANAL,
            no_go_basis="whole canal: cord position unknown",
            structures=self.structures,
            caveats=(),
        )

    def _described(self, level: Level) -> Vertebra:
        floor = self.floor(level)
        return Vertebra(
            level=level,
            numbering=Numbering("label-map", ()),
            frame=None,
            frame_basis="not-modelled",
            box=Box((14, 8, floor), (46, 50, floor + HEIGHT)),
            volume_mm3=0.0,
            estimated_mm3=0.0,
            cut_at_border=False,
            canal_centre_mm=None,
            canal_closed=True,
            canal_width_mm=None,
            canal_depth_mm=None,
        )
