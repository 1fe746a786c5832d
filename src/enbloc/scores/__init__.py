"""One engine for every instrument table: facts of a case in, scores that may still be open out."""

from enbloc.scores.facts import unlisted_histology
from enbloc.scores.fill import Answers, answered, evaluate_all
from enbloc.scores.score import Missing, Part, Score

__all__ = ["Answers", "Missing", "Part", "Score", "answered", "evaluate_all", "unlisted_histology"]
