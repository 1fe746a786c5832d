"""Extent of the tumour by level and zone, and the Tomita type that follows from it."""

from enbloc.tumour.extent import Extent, Involvement, Lesion, TomitaType, Zone, ZoneExtent

__all__ = ["Extent", "Involvement", "Lesion", "TomitaType", "Zone", "ZoneExtent"]
