"""ECOG performance status, 0 (fully active) to 5 (dead)."""

INSTRUMENT = "ecog"


def test_grade(score):
    """No bands: what the grade allows is said elsewhere."""
    score({"ecog": 3}, gives="3")
