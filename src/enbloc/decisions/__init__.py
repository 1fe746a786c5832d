"""Rules of the paper and of other schools as tables: from facts and scores to recommendations, each with its why."""

from enbloc.decisions.advice import (
    Advice,
    AnyRecommendation,
    Checklist,
    Dissent,
    EmbolisationAdvice,
    Figure,
    Flip,
    FurtherLesions,
    Item,
    LeftOut,
    LesionAdvice,
    MarginAdvice,
    Question,
    Recommendation,
    TesVerdict,
)
from enbloc.decisions.facts import Policy, operated_levels
from enbloc.decisions.outcomes import Outcome, OutcomeTopic, published_outcomes
from enbloc.decisions.reasons import strength
from enbloc.decisions.recommend import recommend

__all__ = [
    "Advice",
    "AnyRecommendation",
    "Checklist",
    "Dissent",
    "EmbolisationAdvice",
    "Figure",
    "Flip",
    "FurtherLesions",
    "Item",
    "LeftOut",
    "LesionAdvice",
    "MarginAdvice",
    "Outcome",
    "OutcomeTopic",
    "Policy",
    "Question",
    "Recommendation",
    "TesVerdict",
    "operated_levels",
    "published_outcomes",
    "recommend",
    "strength",
]
