"""Intervals of a share that was counted."""

from __future__ import annotations

from enbloc.core.evidence import Measured


def clopper_pearson(hits: int, trials: int, confidence: float = 0.95) -> Measured:
    """The share and its exact two-sided interval (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404): never less
    sure than `confidence`, for any true share.
    """
    from scipy.special import betaincinv

    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} of {trials} is no share")
    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 1.0 - tail))
    return Measured(hits / trials, low, high)
