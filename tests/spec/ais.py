"""ASIA impairment scale, A (complete) to E (normal). Not the Frankel grade of the same letter."""

INSTRUMENT = "ais"


def test_grade(score):
    """No bands: the grade is the result."""
    score({"ais": "C"}, gives="C")
