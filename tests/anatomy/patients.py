"""Healthy phantoms in all the positions that a frame must hold in, each built and located once per process."""

from __future__ import annotations

from functools import cache

import numpy as np

from enbloc.anatomy import Part, Spine, locate
from enbloc.phantom import Phantom, PhantomSpec, make_phantom

ZONE_CODES = np.array([0, 1, 2, 3, *[4] * 7, 0, 0])
"""Part code to zone of bone: body, left pedicle, right pedicle, arch; 0 outside bone."""
WISHES: dict[str, dict[str, object]] = {
    "straight": {"levels": ("T11", "T12", "L1")},
    "upper-thoracic": {"levels": ("T4", "T5", "T6")},
    "kyphotic": {"levels": ("T10", "T11", "T12", "L1"), "kyphosis_deg": 50.0, "spacing_mm": (1.2, 1.2, 1.2)},
    "wedged": {"levels": ("T11", "T12", "L1"), "wedges": (("T12", 15.0),)},
    "scoliotic": {"levels": ("T12", "L1", "L2"), "scoliosis_deg": 35.0, "spacing_mm": (1.2, 1.2, 1.2)},
    "oblique-scan": {"levels": ("L1", "L2", "L3"), "oblique_deg": (30.0, 0.0, 0.0), "spacing_mm": (1.0, 1.0, 1.5)},
    "oblique-thick": {"levels": ("L1", "L2", "L3"), "oblique_deg": (30.0, 0.0, 0.0), "spacing_mm": (1.0, 1.0, 3.0)},
    "thick-slices": {"levels": ("T9", "T10", "T11"), "spacing_mm": (0.9, 0.9, 3.0)},
    "turned-patient": {"levels": ("T12", "L1", "L2"), "rotation_deg": (10.0, 15.0, 40.0)},
    "lumbosacral": {"levels": ("L3", "L4", "L5", "S1"), "spacing_mm": (1.2, 1.2, 1.2)},
    "coarse": {"levels": ("T11", "T12", "L1"), "spacing_mm": (3.0, 3.0, 3.0)},
}


@cache
def patient(name: str) -> tuple[Phantom, Spine]:
    phantom = make_phantom(PhantomSpec(tumour=None, **WISHES[name]))  # type: ignore[arg-type]
    return phantom, locate(phantom.imaging)


@cache
def true_codes(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(zone code, owner, points) of the truth at the spine's voxels; points (n, 3) in mm."""
    phantom, spine = patient(name)
    points = spine.grid.affine.to_world(np.indices(spine.grid.shape).reshape(3, -1).T)
    codes, owners = phantom.truth.zone(points)
    return codes.reshape(spine.grid.shape), owners.reshape(spine.grid.shape), points


def is_bone(codes: np.ndarray) -> np.ndarray:
    return (codes >= Part.BODY) & (codes <= Part.ARTICULAR_RIGHT)


def coarsest_mm(spine: Spine) -> float:
    return float(spine.grid.spacing_mm.max())
