"""Tumour against every labelled or drawn vessel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.geometry import Box
from enbloc.core.volume import Imaging, Mask
from enbloc.knowledge import asked_vessels, vessel_kind, vessel_limits
from enbloc.tumour.field import TumourField
from enbloc.tumour.tube_contact import TubeContact, contact_with


@dataclass(frozen=True, slots=True)
class VesselFindings:
    """`contacts`: vessels within `reach_mm` of the tumour, nearest first, contact meaning within `within_mm`.

    `farther`: labelled vessels not within reach. `not_looked_at`: vessels asked for that no label map holds; nothing is
    said about them.
    """

    within_mm: float
    reach_mm: float
    contacts: tuple[TubeContact, ...]
    farther: tuple[str, ...]
    not_looked_at: tuple[str, ...]
    caveats: tuple[Caveat, ...]


def vessel_contacts(imaging: Imaging, tumour: TumourField) -> VesselFindings | Skipped:
    """Distances and contacts; skipped where no vessel is labelled at all."""
    within_mm, reach_mm = vessel_limits()
    named = sorted({name for labels in imaging.labels for name in labels.structures.values() if vessel_kind(name)})
    missing = tuple(asked for asked in asked_vessels() if not any(name.startswith(asked) for name in named))
    if not named:
        return Skipped("no vessel is labelled")
    contacts, farther = [], []
    for name in named:
        mask = _mask_of(imaging, name, tumour.box)
        if mask.any() and float(tumour.gap_mm[mask].min()) <= reach_mm:
            contacts.append(contact_with(name, mask, tumour, within_mm))
        else:
            farther.append(name)
    contacts.sort(key=lambda contact: (contact.distance_mm.value, contact.structure))
    return VesselFindings(within_mm, reach_mm, tuple(contacts), tuple(farther), missing, tuple(_caveats(contacts)))


def _mask_of(imaging: Imaging, structure: str, box: Box) -> Mask:
    mask = np.zeros(box.shape, dtype=bool)
    for labels, value in imaging.holders(structure):
        mask |= labels.values[box.slices] == value
    return mask


def _caveats(contacts: list[TubeContact]) -> list[Caveat]:
    bare = [contact.structure for contact in contacts if contact.arc_deg is None]
    if not bare:
        return []
    text = f"no section could be laid through {', '.join(bare)} near the tumour: contact arc and length are unknown"
    return [Caveat("vessel-without-sections", text)]
