"""Rades' score of short life expectancy: seven items, 6 to 25, higher is worse."""

INSTRUMENT = "rades-short-life"
BEST = {
    "ecog": 2,
    "primary": "breast",
    "bone": "no",
    "visceral": "no",
    "months_since_diagnosis": 16,
    "ambulatory": "yes",
    "motor_deficit_days": 8,
}
WORST = {
    "ecog": 4,
    "primary": "lung",
    "bone": "yes",
    "visceral": "yes",
    "months_since_diagnosis": 15,
    "ambulatory": "no",
    "motor_deficit_days": 7,
}


def test_best_case(score):
    """0 + 1 + 1 + 1 + 1 + 1 + 1."""
    score(BEST, gives=6, band="death-within-two-months-not-predicted")


def test_worst_case(score):
    """4 + 3 + 3 + 4 + 3 + 4 + 4."""
    score(WORST, gives=25, band="death-within-two-months-predicted")


def test_19_is_the_limit(score):
    """From the worst case: breast takes 2 away, and walking 3 leaves 20; with a longer interval 18."""
    score({**WORST, "primary": "breast", "ambulatory": "yes"}, gives=20, band="death-within-two-months-predicted")
    score(
        {**WORST, "primary": "prostate", "ambulatory": "yes", "months_since_diagnosis": 16},
        gives=19,
        band="death-within-two-months-predicted",
    )
    score(
        {**WORST, "primary": "breast", "ambulatory": "yes", "months_since_diagnosis": 16},
        gives=18,
        band="death-within-two-months-not-predicted",
    )
