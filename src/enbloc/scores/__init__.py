"""One engine for every instrument table: facts of a case in, scores that may still be open out."""

from enbloc.scores.score import Missing, Part, Score

__all__ = ["Missing", "Part", "Score"]
