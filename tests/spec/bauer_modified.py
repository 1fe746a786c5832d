"""Modified Bauer score: four points to earn, higher is better."""

INSTRUMENT = "bauer-modified"


def test_kidney_isolated(score):
    """All four points: no visceral metastases, not lung, kidney, one skeletal metastasis."""
    score(
        {"histology": "renal-cell-carcinoma", "visceral_metastases": "none", "bone_metastases": "isolated"},
        gives=4,
        band="middle-term-local-control",
    )


def test_lung_with_everything(score):
    """No point at all."""
    score(
        {"histology": "lung-carcinoma", "visceral_metastases": "untreatable", "bone_metastases": "multiple"},
        gives=0,
        band="supportive-care",
    )


def test_colon_isolated_with_visceral_metastases(score):
    """Not lung 1, one skeletal metastasis 1."""
    score(
        {"histology": "colon-carcinoma", "visceral_metastases": "treatable", "bone_metastases": "isolated"},
        gives=2,
        band="short-term-palliation",
    )


def test_unknown_primary_may_be_lung(score):
    """One point each for viscera and bone; the two of the primary stay open."""
    score({"histology": "unknown-primary", "visceral_metastases": "none", "bone_metastases": "isolated"}, gives=(2, 4))
