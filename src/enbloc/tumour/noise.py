"""The noise floor: what a mask of voxels cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.volume import Grid
from enbloc.tumour.extent import Zone

SHELL_VOXELS = 1.5
"""A layer one voxel thick is at most this deep, whichever way it lies to the axes (measured from centre to centre)."""
CONVENTION_MM = 2.0
"""Borders inside bone are drawn by convention (body | pedicle | arch); on real labels the planes move by about this
much.
"""
SPECK_VOXELS = 8
"""A detached piece of this many voxels or fewer is not by itself a lesion."""

CONVENTIONAL = frozenset({Zone.BODY, Zone.PEDICLE_LEFT, Zone.PEDICLE_RIGHT, Zone.ARCH})


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Depth below which involvement cannot be told from partial volume and from where a border is drawn."""

    voxel_mm: float

    @classmethod
    def of(cls, grid: Grid) -> NoiseFloor:
        return cls(float(grid.spacing_mm.max()))

    def shell_mm(self, zone: Zone) -> float:
        """Extra depth in mm, beyond the shell, that `zone` needs."""
        return CONVENTION_MM if zone in CONVENTIONAL else 0.0

    def noise_mm(self, zone: Zone) -> float:
        """The floor for `zone` along the coarsest axis, counted from the border, which lies half a voxel before the
        first centre.
        """
        return (SHELL_VOXELS - 0.5) * self.voxel_mm + self.shell_mm(zone)

    @property
    def says(self) -> str:
        return (
            f"a zone counts as involved when tumour reaches deeper into it than {SHELL_VOXELS - 0.5:g} voxel "
            f"(voxels up to {self.voxel_mm:.2g} mm), and {CONVENTION_MM:g} mm more at borders inside bone, which are "
            "drawn by convention; shallower tumour, or tumour touching the zone, counts as possible"
        )
