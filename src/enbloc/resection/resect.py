"""The stage: from spine and extent to the cuts, what they leave, and how sure it is that there are none better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from enbloc.anatomy import Spine
from enbloc.core.evidence import Caveat, Measured, Progress, Skipped, silent
from enbloc.core.geometry import Plane
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging
from enbloc.knowledge import resection_tool
from enbloc.resection.alternatives import alternatives_of
from enbloc.resection.certify import certificate_of, profile_of
from enbloc.resection.classes import worst
from enbloc.resection.cuts import Sawing
from enbloc.resection.faces import dissected_faces
from enbloc.resection.gates import Chosen, ColumnChoice, LevelChoice, column_choice, level_choice
from enbloc.resection.given import with_given
from enbloc.resection.lay import operative_field, vessel_masks
from enbloc.resection.levels import resected_levels
from enbloc.resection.nouns import Cut, Gate, OpenSide, Resection
from enbloc.resection.pieces import margin_histogram, pieces_of
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import Contact, Extent
from enbloc.tumour.noise import NoiseFloor
