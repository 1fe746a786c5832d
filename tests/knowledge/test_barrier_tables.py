"""Strengths as the paper states them, one row per barrier."""

from enbloc.anatomy import BARRIERS
from enbloc.knowledge import barrier_borders, barrier_tissues

STRONG = {"anterior-longitudinal-ligament", "cranial-endplate", "caudal-endplate"}
WEAK = {"posterior-longitudinal-ligament", "lateral-periosteum-left", "lateral-periosteum-right"}


def test_every_barrier_has_its_row_and_the_papers_strength():
    """Strong: ALL, endplate, annulus; weak: PLL, lateral periosteum; the others are named, not graded (tomita2006)."""
    rows = barrier_tissues()
    assert list(rows) == [str(barrier) for barrier in BARRIERS if barrier != "image-border"]
    for name, row in rows.items():
        assert row.strength == ("strong" if name in STRONG else "weak" if name in WEAK else None)
        assert (row.source, row.checked) == ("tomita2006", "seed")
        assert row.leads_to_checked == "unverified"


def test_borders_are_marked_as_conventions():
    assert barrier_borders().checked == "unverified"
