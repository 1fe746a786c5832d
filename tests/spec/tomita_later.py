"""The same score with the later growth list, which is recalled and not verified."""

INSTRUMENT = "tomita-later"


def test_colon_is_moderate_here(score):
    """The list of 2001, as recalled, calls it rapid: 5 there, 3 here."""
    score(
        {"histology": "colon-carcinoma", "visceral": "none", "bone": "isolated"},
        gives=3,
        band="long-term-local-control",
    )


def test_ovary_is_named_here(score):
    """Moderate; the list of 2001 is silent."""
    score(
        {"histology": "ovarian-carcinoma", "visceral": "none", "bone": "multiple"},
        gives=4,
        band="middle-term-local-control",
    )
