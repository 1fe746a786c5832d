"""Parametric patients with known truth: the truth is that of their implicit shapes, never of the room `anatomy`."""

from enbloc.phantom.make import Phantom, make_phantom
from enbloc.phantom.spec import VARIANTS, PhantomSpec, TumourSpec, mirrored
from enbloc.phantom.truth import LevelTruth, Truth, ZoneCode, ZoneTruth

__all__ = [
    "VARIANTS", "LevelTruth", "Phantom", "PhantomSpec", "Truth", "TumourSpec", "ZoneCode", "ZoneTruth", "make_phantom", "mirrored",
]  # fmt: skip
