"""Frankel grades, A (complete) to E (normal)."""

INSTRUMENT = "frankel"


def test_useful_motor_function_is_d(score):
    """No bands: the grade is the result."""
    score({"frankel": "D"}, gives="D")
