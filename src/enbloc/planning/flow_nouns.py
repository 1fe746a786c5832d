"""The nouns of blood flow and shortening that a plan is made of, for the faces, which know plans and not the rooms
behind them.
"""

from enbloc.mechanics.cord_flow import curve as shortening_curve
from enbloc.mechanics.shortening_nouns import CurvePoint as ShorteningPoint
from enbloc.mechanics.shortening_nouns import FlowPoint, Shortening, ShorteningCurve
from enbloc.perfusion.blood_loss_nouns import BloodLoss
from enbloc.perfusion.nouns import (
    ArteryDrawing,
    ArteryState,
    ExperimentPoint,
    LevelFlow,
    Option,
    Perfusion,
    ResponseCurves,
)
from enbloc.perfusion.nouns import CurvePoint as ResponsePoint

__all__ = [
    "ArteryDrawing",
    "ArteryState",
    "BloodLoss",
    "ExperimentPoint",
    "FlowPoint",
    "LevelFlow",
    "Option",
    "Perfusion",
    "ResponseCurves",
    "ResponsePoint",
    "Shortening",
    "ShorteningCurve",
    "ShorteningPoint",
    "shortening_curve",
]
