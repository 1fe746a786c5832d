"""What a piece that leaves has to pass, on the label map's own voxels and as courses: for pictures of the way out.

The search looks at the same structures on the field's voxels (`obstacles`); here they are whole and not cut off at its
border. Roots and the rod are modelled in both by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy import Frame, Part, Spine
from enbloc.anatomy.spine import Triple
from enbloc.core.geometry import Affine, Array, Box, Vector, indices_of
from enbloc.core.levels import Level
from enbloc.core.volume import Mask
from enbloc.knowledge.removal_tables import RemovalTable, removal_table
from enbloc.resection.lay import middle_frame
from enbloc.resection.obstacles import PEDICLE, SIDE, TIPS, TRANSVERSE, course_of_root, ends_of_rod
from enbloc.resection.removal_nouns import Root

BEYOND_MM = 15.0
"""How far a rod is drawn above and below the two pedicles that it passes."""
ARTICULAR = (Part.ARTICULAR_LEFT, Part.ARTICULAR_RIGHT)


@dataclass(frozen=True, slots=True)
class Course:
    """A modelled round structure: the corners of its axis in RAS mm, and how thick it is."""

    name: str
    corners_mm: tuple[Triple, ...]
    radius_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """The resected levels of a spine, along the axes of their middle level. `inner_mm`: the canal's middle. `boxes`:
    the block of voxels that each vertebra of the spine owns, None where it owns none.
    """

    spine: Spine
    levels: tuple[Level, ...]
    frame: Frame
    inner_mm: float
    boxes: tuple[Box | None, ...]

    def local(self, affine: Affine, mask: Mask) -> Array:
        """The voxels of a mask (n, 3) along the frame's axes, mm."""
        return self.frame.to_local(affine.to_world(indices_of(mask)))

    def owned(self, level: Level, parts: Sequence[Part]) -> Array:
        """The voxels of parts of a level (n, 3) along the frame's axes, mm; none where it is not in view."""
        number = self.spine.levels.index(level) if level in self.spine.levels else None
        box = None if number is None else self.boxes[number]
        if number is None or box is None:
            return np.empty((0, 3))
        mine = self.spine.owner[box.slices] == 1 + number
        mine &= np.isin(self.spine.part[box.slices], parts)
        return self.local(self.spine.grid.crop(box).affine, mine)

    def beside(self, steps: int) -> Level | None:
        """The level so many above (negative) the first or below the last; None where none is in view."""
        order = self.spine.levels
        place = order.index(self.levels[0 if steps < 0 else -1]) + steps
        return order[place] if 0 <= place < len(order) else None


def site_of(spine: Spine, levels: tuple[Level, ...]) -> Site:
    """`levels` contiguous, cranial first, at least one with a frame."""
    from scipy.ndimage import find_objects

    frame = middle_frame(spine, levels)
    found = [spine.vertebra(level) for level in levels]
    centres = [v.canal_centre_mm for v in found if v is not None and v.canal_centre_mm is not None]
    inner = float(np.mean([frame.to_local(np.array(centre))[0] for centre in centres])) if centres else 0.0
    blocks = find_objects(spine.owner, len(spine.vertebrae))
    return Site(spine, levels, frame, inner, tuple(None if block is None else box_of(block) for block in blocks))


def box_of(block: tuple[slice, slice, slice]) -> Box:
    i, j, k = block
    return Box((i.start, j.start, k.start), (i.stop, j.stop, k.stop))


def tips_off(site: Site, level: Level, affine: Affine, part: Mask) -> Mask:
    """Which voxels of `part` (codes of one level on the grid of `affine`) are tips that go with the first arch: those
    of the level above, no higher than the top of the first level's facets. None of any other level.
    """
    tips = np.isin(part, TIPS)
    if level is not site.beside(-1):
        return np.zeros_like(tips)
    own = site.owned(site.levels[0], ARTICULAR)
    own = own if len(own) else site.owned(site.levels[0], TIPS)
    top = float(own[:, 2].max()) if len(own) else -np.inf
    gone = np.zeros_like(tips)
    gone[tips] = site.local(affine, tips)[:, 2] <= top
    return gone


def rib_goes_mm(site: Site, name: str, table: RemovalTable | None = None) -> float:
    """How far from the middle the rib (`rib-<side>-<number>`) is taken away; 0 where all of it stays."""
    table = removal_table() if table is None else table
    _, side, number = name.split("-")
    level = next((each for each in Level if each.value == f"T{number}"), None)
    if level is None:
        return 0.0
    if level in site.levels:
        return _joint_mm(site, level, side) + table.rib_beside_joint_mm
    shared = level is site.beside(1) and site.levels[-1] in table.next_head_at
    return _joint_mm(site, level, side) if shared else 0.0


def rib_left(site: Site, name: str, affine: Affine, mask: Mask) -> Mask:
    """What stays of a rib's voxels."""
    goes = rib_goes_mm(site, name)
    left = mask.copy()
    if goes > 0.0:
        aside = SIDE[name.split("-")[1]] * (site.local(affine, mask)[:, 0] - site.inner_mm)
        left[mask] = aside >= goes
    return left


def _joint_mm(site: Site, level: Level, side: str) -> float:
    """From the middle to the tip of the transverse process; 0 where it is not seen."""
    process = site.owned(level, (TRANSVERSE[side],))
    return float((SIDE[side] * (process[:, 0] - site.inner_mm)).max()) if len(process) else 0.0


def roots(site: Site) -> Iterator[tuple[Root, Course]]:
    """Those above, between and below the resected levels."""
    table, order = removal_table(), site.spine.levels
    above = site.beside(-1)
    for level in order[order.index(above or site.levels[0]) : order.index(site.levels[-1]) + 1]:
        for side in SIDE:
            corners = course_of_root(site.owned(level, (PEDICLE[side],)), site.inner_mm, side, table)
            if corners is not None:
                root = Root(level, side)
                yield root, Course(root.name, _world(site, corners), table.root_radius_mm)


def rod(site: Site, side: str) -> Course | None:
    """The temporary rod on one side; None where a pedicle that it passes is not in view."""
    table = removal_table()
    above, below = site.beside(-1), site.beside(1)
    if above is None or below is None:
        return None
    ends = ends_of_rod(site.owned(above, (PEDICLE[side],)), site.owned(below, (PEDICLE[side],)), table)
    if ends is None:
        return None
    along: Vector = (ends[1] - ends[0]) / max(float(np.linalg.norm(ends[1] - ends[0])), 1e-9)
    corners = np.stack([ends[0] - BEYOND_MM * along, ends[1] + BEYOND_MM * along])
    return Course(f"rod-{side}", _world(site, corners), table.rod_radius_mm)


def _world(site: Site, corners: Array) -> tuple[Triple, ...]:
    return tuple((float(x), float(y), float(z)) for x, y, z in site.frame.to_world(corners))
