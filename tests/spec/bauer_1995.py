"""The original Bauer score: a fifth point for freedom from pathological fracture."""

INSTRUMENT = "bauer-1995"


def test_fifth_point(score):
    """Breast, isolated, no fracture."""
    rest = {"histology": "breast-carcinoma", "visceral_metastases": "none", "bone_metastases": "isolated"}
    score({**rest, "pathological_fracture": "false"}, gives=5, band="total-4-to-5")
    score({**rest, "pathological_fracture": "true"}, gives=4, band="total-4-to-5")


def test_middle_band(score):
    """Lung, isolated, no viscera, with a fracture: two points."""
    score(
        {"visceral": "yes", "lung": "no", "primary": "no", "solitary": "yes", "fracture": "no"},
        gives=2,
        band="total-2-to-3",
    )


def test_lowest_band(score):
    """No point."""
    score(
        {"visceral": "no", "lung": "no", "primary": "no", "solitary": "no", "fracture": "no"},
        gives=0,
        band="total-0-to-1",
    )
