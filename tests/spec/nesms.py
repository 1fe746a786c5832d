"""NESMS: a point each for the modified Bauer score, walking and albumin; higher is better. Points are not verified."""

INSTRUMENT = "nesms"


def test_all_three(score):
    """Bauer 3, walks, albumin 3.5."""
    score({"bauer": 3, "ambulatory": "true", "albumin_g_dl": 3.5}, gives=3)


def test_none(score):
    """Bauer 2, does not walk, albumin 3.4."""
    score({"bauer": 2, "ambulatory": "false", "albumin_g_dl": 3.4}, gives=0)
