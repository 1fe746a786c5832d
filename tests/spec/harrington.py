"""Harrington's five classes."""

INSTRUMENT = "harrington"


def test_surgical_from_iv(score):
    """Collapse or instability makes it surgical; deficit alone (III) does not."""
    score({"grade": "I"}, gives="I", band="not-surgical")
    score({"grade": "III"}, gives="III", band="not-surgical")
    score({"grade": "IV"}, gives="IV", band="surgical")
    score({"grade": "V"}, gives="V", band="surgical")
