"""Karnofsky performance status, tens from 0 to 100."""

INSTRUMENT = "kps"


def test_grade(score):
    """Its total is the status itself."""
    score({"kps": 80}, gives="80")
