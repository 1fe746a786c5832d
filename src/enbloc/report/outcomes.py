"""Published outcomes in the words of the report."""

SPEAKS = {True: "", None: "if this patient is like those"}
"""By whether a figure speaks for the case."""
