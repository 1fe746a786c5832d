"""Arterial network of the spine: plain networks, the column fitted to experiments, and the embolisation planner."""

from enbloc.perfusion.nouns import Occlusion, Perfusion, Verdict
from enbloc.perfusion.planner import perfuse

__all__ = ["Occlusion", "Perfusion", "Verdict", "perfuse"]
