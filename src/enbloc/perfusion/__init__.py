"""Arterial network of the spine: plain networks, the column fitted to experiments, and the embolisation planner."""

from enbloc.perfusion.nouns import (
    ArteryDrawing,
    ArteryState,
    CurvePoint,
    EvokedPotentials,
    ExperimentPoint,
    LeftOpen,
    LevelFlow,
    Occlusion,
    Option,
    Perfusion,
    PressureEffect,
    ResponseCurves,
    Verdict,
)
from enbloc.perfusion.planner import perfuse

__all__ = [
    "ArteryState",
    "CurvePoint",
    "ArteryDrawing",
    "EvokedPotentials",
    "ExperimentPoint",
    "LeftOpen",
    "LevelFlow",
    "Occlusion",
    "Option",
    "Perfusion",
    "PressureEffect",
    "ResponseCurves",
    "Verdict",
    "perfuse",
]
