"""OSRI: growth of the primary and general condition, 1 to 7, higher is worse. Recalled, not verified."""

INSTRUMENT = "osri"


def test_ends_of_the_range(score):
    """Slow with Karnofsky 80, and very rapid with Karnofsky 40."""
    score({"primary": "slow", "kps": 80}, gives=1)
    score({"primary": "very-rapid", "kps": 40}, gives=7)
