"""The nouns of blood flow and shortening that a plan is made of, for the faces, which know plans and not the rooms
behind them.
"""

from enbloc.mechanics.cord_flow import curve as shortening_curve
from enbloc.mechanics.shortening_nouns import CurvePoint as ShorteningPoint
from enbloc.mechanics.shortening_nouns import FlowPoint, Shortening, ShorteningCurve
from enbloc.perfusion.nouns import ArteryState, ExperimentPoint, LevelFlow, Perfusion, ResponseCurves
from enbloc.perfusion.nouns import CurvePoint as ResponsePoint
from enbloc.perfusion.nouns import Drawing as ArteryDrawing

__all__ = [
    "ArteryDrawing",
    "ArteryState",
    "ExperimentPoint",
    "FlowPoint",
    "LevelFlow",
    "Perfusion",
    "ResponseCurves",
    "ResponsePoint",
    "Shortening",
    "ShorteningCurve",
    "ShorteningPoint",
    "shortening_curve",
]
