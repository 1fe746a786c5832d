"""Parametric patients with known truth: the truth is that of their implicit shapes, never of the room `anatomy`."""

from enbloc.phantom.collapse import CollapseTruth
from enbloc.phantom.erase import erase
from enbloc.phantom.make import Phantom, make_phantom
from enbloc.phantom.spec import COLUMN, VARIANTS, Collapse, PhantomSpec, TumourSpec, mirrored
from enbloc.phantom.truth import LevelTruth, Truth, ZoneCode, ZoneTruth
from enbloc.phantom.write import write_phantom

__all__ = [
    "COLUMN",
    "VARIANTS",
    "Collapse",
    "CollapseTruth",
    "LevelTruth",
    "Phantom",
    "PhantomSpec",
    "Truth",
    "TumourSpec",
    "ZoneCode",
    "ZoneTruth",
    "erase",
    "make_phantom",
    "mirrored",
    "write_phantom",
]
