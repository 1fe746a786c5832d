"""What a user may choose about the search for cuts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from enbloc.core.errors import InputError
from enbloc.resection.removal_nouns import SAC_YIELD, RemovalSettings

ORDER = ("margin", "place", "section")
"""What decides between ring cuts that are alike in tumour, most important first."""


@dataclass(frozen=True, slots=True)
class ResectionSettings:
    """`tool`: a row of knowledge/resection/tools.toml, whose width is the kerf. `step_mm`: grid of the operative field.

    A ring cut's plane is given by two angles and an offset: `azimuth_step_deg` about the vertebra's axis over a half
    turn, `tilt_step_deg` up to `largest_tilt_deg` against that axis, `offset_step_mm` along its normal; cuts between
    vertebrae tilt up to `largest_column_tilt_deg` against their endplates in steps of `column_tilt_step_deg`. Beyond
    `enough_mm` a larger margin no longer outweighs bone; margins closer together than `tie_mm` count as equal.
    `prefer_pedicle`: the paper's own place counts at all. `order`: what decides between ring cuts that are alike in
    tumour: the larger `margin`, the paper's `place`, the smaller `section`, most important first; the certificate
    speaks of margin, whatever comes first. `gap_mm`: it is refined down to this. `sac_clearance_mm` and
    `vessel_clearance_mm`: kept between a cut and the labelled dural sac or vessel; at 0 it may touch them. `sac_yield`:
    share of its narrowest width by which the contents of the canal may be narrowed while a piece passes. `worth_mm`:
    between vertebrae, so much more margin is worth leaving the disc for an endplate. `one_side`: where no pair of ring
    cuts, one on each side, keeps clear of tumour, both may stand on the same side. `removal`: the search for a way out
    of the pieces.
    """

    tool: str = "t-saw"
    order: str = ", ".join(ORDER)
    step_mm: float = 0.8
    azimuth_step_deg: float = 5.0
    tilt_step_deg: float = 7.5
    largest_tilt_deg: float = 30.0
    largest_column_tilt_deg: float = 15.0
    column_tilt_step_deg: float = 5.0
    offset_step_mm: float = 0.5
    enough_mm: float = 5.0
    tie_mm: float = 0.25
    prefer_pedicle: bool = True
    gap_mm: float = 0.5
    sac_clearance_mm: float = 0.0
    vessel_clearance_mm: float = 0.0
    sac_yield: float = SAC_YIELD
    worth_mm: float = 1.0
    one_side: bool = True
    removal: RemovalSettings = field(default_factory=RemovalSettings)

    def __post_init__(self) -> None:
        if sorted(self.ordered) != sorted(ORDER):
            raise InputError(
                f"{self.order!r} does not order {', '.join(ORDER)}", field="resection.order", hint="each of them once"
            )
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} must lie between {low:g} and {high:g}", field=f"resection.{name}")

    @property
    def ordered(self) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.order.split(","))

    @property
    def way_out(self) -> RemovalSettings:
        """Those of the removal, with the sac's yield decided."""
        ours = self.removal
        return ours if ours.sac_yield is not None else replace(ours, sac_yield=self.sac_yield)


RANGES = {
    "step_mm": (0.3, 2.0),
    "azimuth_step_deg": (1.0, 45.0),
    "tilt_step_deg": (1.0, 45.0),
    "largest_tilt_deg": (0.0, 60.0),
    "largest_column_tilt_deg": (0.0, 45.0),
    "column_tilt_step_deg": (1.0, 45.0),
    "offset_step_mm": (0.1, 5.0),
    "enough_mm": (0.0, 100.0),
    "tie_mm": (0.01, 5.0),
    "gap_mm": (0.25, 10.0),
    "sac_clearance_mm": (0.0, 20.0),
    "vessel_clearance_mm": (0.0, 20.0),
    "sac_yield": (0.0, 0.9),
    "worth_mm": (0.01, 100.0),
}
"""What the settings may be; coarser or finer is a slip of the pen."""
