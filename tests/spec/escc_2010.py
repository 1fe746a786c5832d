"""Epidural spinal cord compression: six grades."""

INSTRUMENT = "escc-2010"


def test_low_grade_ends_at_1b(score):
    """The sac is deformed, the cord is not touched."""
    score({"grade": "0"}, gives="0", band="low-grade")
    score({"grade": "1b"}, gives="1b", band="low-grade")


def test_1c_is_debated(score):
    """The cord is touched, not compressed."""
    score({"grade": "1c"}, gives="1c", band="debated")


def test_high_grade_begins_at_2(score):
    """The cord is compressed, with or without fluid around it."""
    score({"grade": "2"}, gives="2", band="high-grade")
    score({"grade": "3"}, gives="3", band="high-grade")
