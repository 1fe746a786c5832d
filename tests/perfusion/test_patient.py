"""A patient's columns: what carrying the dogs over adds, where feeders are drawn, and readings of them by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.perfusion import perfuse
from enbloc.perfusion.column import NODES, column
from enbloc.perfusion.ensemble import shipped
from enbloc.perfusion.patient import drawn_sites, feeder_chances, human_knee, patient_of
from enbloc.perfusion.request import Request, read_request
from enbloc.perfusion.response import spans
from enbloc.perfusion.signals import GRID, knee_range

NOBODY_LOOKED = {
    "embolised": None, "cord_feeders": None, "adamkiewicz": None, "systolic_mmhg": None, "occlusion": "proximal",
    "histology": None, "close_feeders": False,
}  # fmt: skip


def asked(*resected: str) -> Request:
    return read_request(resected, **NOBODY_LOOKED)  # type: ignore[arg-type]


def test_the_knee_lies_between_the_dogs_share_and_the_dogs_pressure():
    """0.5 of 110 mmHg are 55 mmHg, which are 0.5914 of a person's 93; never above 0.95."""
    knee = human_knee(np.array([0.5, 0.5, 0.9]), np.array([0.0, 1.0, 1.0]))
    assert knee == pytest.approx([0.5, 55.0 / 93.0, 0.95], rel=1e-12)  # one division


def test_links_of_a_patient_spread_as_the_table_says():
    """SD 0.3 of the logarithm: of 256 draws it is known to 0.3 / sqrt(512) = 0.013; four of those."""
    moved = patient_of(asked("T9"), Measured(1.0, 1.0, 1.0), 1).samples
    for name in ("arcade", "feeder", "cord_link"):
        steps = np.log(getattr(moved, name) / shipped().values[name])
        assert np.std(steps) == pytest.approx(0.3, abs=0.053)


def test_one_great_feeder_or_two_or_none_as_published():
    """None in 15.4 %; two in 0.846 x 0.126, less the 8.5 % of pairs that fall on one site: 9.8 %. Of 4000 draws their
    standard errors are below 0.6 points; four of those.
    """
    at = column("human")
    drawn = drawn_sites(at, None, feeder_chances(asked("T9"), at), np.random.default_rng(3), 4000)
    great = (drawn > drawn.min(axis=1, keepdims=True) + 1e-9) & np.array([n[0] in "TL" for n in at.levels]).repeat(2)
    count = np.where(drawn.max(axis=1) > 1.0, great.sum(axis=1), 0)
    assert np.mean(count == 0) == pytest.approx(0.154, abs=0.024)
    assert np.mean(count == 2) == pytest.approx(0.098, abs=0.024)
    assert drawn.mean(axis=1) == pytest.approx(np.ones(4000), rel=1e-12)  # sums of 48


def test_the_pressure_at_the_knee_by_hand():
    """With pressure in proportion, x = 0.9 of the aorta's, a knee at 0.5 is met at 0.5 / 0.9 of 93 mmHg."""
    names = ("T9", "T10")
    patient = SimpleNamespace(column=SimpleNamespace(index=names.index), samples=SimpleNamespace(knee=np.array([0.5])))
    states = [SimpleNamespace(pressure=np.full((1, 2 * NODES), 0.9 * over)) for over in (1.0, *GRID)]
    found = knee_range(patient, states[0], states[1:], Level.T10)  # type: ignore[arg-type]
    assert (found.low, found.value, found.high) == pytest.approx(3 * (93.0 * 0.5 / 0.9,), rel=1e-12)  # straight lines


def test_an_even_number_of_levels_has_one_more_above():
    found = spans(("T7", "T8", "T9", "T10", "T11", "T12"), "T10")
    assert found == {
        1: ("T10",), 2: ("T9", "T10"), 3: ("T9", "T10", "T11"), 4: ("T8", "T9", "T10", "T11"),
        5: ("T8", "T9", "T10", "T11", "T12"),
    }  # fmt: skip


def test_what_runs_along_the_column_is_what_a_closed_level_draws():
    """T12 has no artery left: what its beds draw, in one artery's usual flows twice the vertebra's share, comes along
    the column from above and below. 6 points: the cord's own draw, and that an open level keeps only most of its flow.
    """
    levels = {row.level: row for row in perfuse(["T12"]).schematic.levels}
    above, here = (levels[level] for level in (Level.T11, Level.T12))
    entering = [row.arcade_link_pct + row.epidural_link_pct for row in (above, here)]
    assert entering[0] - entering[1] == pytest.approx(2.0 * here.vertebra_flow_pct, abs=6.0)
