"""How far tumour has come at one barrier: short of it, to it, or beyond it, as far as the images tell."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.anatomy import BARRIERS, Barrier
from enbloc.core.evidence import Measured
from enbloc.resection.classes import Reach, span
from enbloc.tumour import Contact
from enbloc.tumour.barriers import LEAST_FACES, areas, basis_of, distance
from enbloc.tumour.noise import SPECK_VOXELS, NoiseFloor


@dataclass(frozen=True, slots=True)
class BarrierReach:
    """`open`: everything that resolution leaves open, best first; `reading`: the one to go by. `read`: what was
    measured, in words. `distance_mm`: from the barrier to the nearest tumour on either side.
    """

    barrier: Barrier
    open: tuple[Reach, ...]
    reading: Reach
    distance_mm: Measured
    basis: str
    read: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.reading is Reach.PASSED


def barrier_reach(contact: Contact, barrier: Barrier, beyond: int, noise: NoiseFloor) -> BarrierReach:
    """`beyond`: voxels of tumour that certainly lie behind the barrier. A speck of them passes nothing by itself."""
    here = contact.compartment.patch == BARRIERS.index(barrier)
    touched, breached, outside = areas(contact, here, noise)
    least = LEAST_FACES * noise.voxel_mm**2
    passed = beyond > SPECK_VOXELS or max(breached.low, outside.low) >= least
    maybe_passed = beyond > 0 or max(breached.low, outside.low) > 0.0
    away = distance(contact.at_mm[here], noise)
    read = [f"tumour {span(away)} mm from it"]
    if touched.high > 0.0:
        read.append(f"touched over {span(touched)} mm²")
    if passed:
        read.append(f"breached over {span(breached)} mm², {beyond} voxels of tumour behind it")
    open_, reading = _reach(passed, maybe_passed, touched.low >= least, away.low <= 0.0)
    basis = basis_of(contact.compartment.estimated[here])
    return BarrierReach(barrier, open_, reading, away, basis, tuple(read))


def _reach(passed: bool, maybe_passed: bool, reached: bool, maybe_reached: bool) -> tuple[tuple[Reach, ...], Reach]:
    """Everything that is open and the reading: in doubt, the barrier counts as reached, but not as passed."""
    if passed:
        return (Reach.PASSED,), Reach.PASSED
    further = (Reach.PASSED,) if maybe_passed else ()
    if reached:
        return (Reach.REACHED, *further), Reach.REACHED
    if maybe_reached:
        return (Reach.NOT_REACHED, Reach.REACHED, *further), Reach.REACHED
    return (Reach.NOT_REACHED, *further), Reach.NOT_REACHED
