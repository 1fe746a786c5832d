"""Where the patient lies in the world."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from enbloc.core.geometry import Array, Vector
from enbloc.phantom.spec import Triple


def turned(angles_deg: Triple) -> Array:
    """Rotation about R, then A, then S; degrees. Columns are the turned axes."""
    a, b, c = (radians(angle) for angle in angles_deg)
    about_r = np.array([[1.0, 0.0, 0.0], [0.0, cos(a), -sin(a)], [0.0, sin(a), cos(a)]])
    about_a = np.array([[cos(b), 0.0, sin(b)], [0.0, 1.0, 0.0], [-sin(b), 0.0, cos(b)]])
    about_s = np.array([[cos(c), -sin(c), 0.0], [sin(c), cos(c), 0.0], [0.0, 0.0, 1.0]])
    rotation: Array = about_s @ about_a @ about_r
    return rotation


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where the patient lies: world = rotation @ patient + position."""

    rotation: Array
    position_mm: Vector

    def to_world(self, patient_mm: Array) -> Array:
        world: Array = patient_mm @ self.rotation.T + self.position_mm
        return world

    def to_patient(self, world_mm: Array) -> Array:
        patient: Array = (np.asarray(world_mm, dtype=np.float64) - self.position_mm) @ self.rotation
        return patient
