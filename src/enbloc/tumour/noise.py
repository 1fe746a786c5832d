"""The noise floor: what a mask of voxels cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.volume import Grid

SHELL_VOXELS = 1.75
"""A layer one voxel thick is less deep than this, from centre to centre, even corner to corner (sqrt 3)."""
CONVENTION_MM = 2.0
"""Borders inside bone are drawn by convention (body | pedicle | arch); on real labels the planes move by about this
much.
"""
SPECK_VOXELS = 8
"""A detached piece of this many voxels or fewer is not by itself a lesion."""


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Depth below which involvement cannot be told from partial volume and from where a border is drawn."""

    voxel_mm: float
    convention_mm: float = CONVENTION_MM

    @classmethod
    def of(cls, grid: Grid) -> NoiseFloor:
        return cls(float(grid.spacing_mm.max()))

    def noise_mm(self, *, conventional: bool) -> float:
        """The floor along the coarsest axis, counted from the border, which lies half a voxel before the first
        centre.
        """
        return (SHELL_VOXELS - 0.5) * self.voxel_mm + (self.convention_mm if conventional else 0.0)

    @property
    def says(self) -> str:
        return (
            f"a zone counts as involved when tumour reaches deeper into it than {SHELL_VOXELS - 0.5:g} voxels "
            f"(voxels up to {self.voxel_mm:.2g} mm), and {self.convention_mm:g} mm more at borders inside bone, which "
            "are drawn by convention; shallower tumour, or tumour that touches the zone or comes "
            "as near to a drawn border as the doubt about it, counts as possible"
        )
