"""Exact binomial intervals (Clopper-Pearson), from the definition."""
import math

_STEPS = 60  # of bisection: far below what is printed


def _at_least(hits: int, of: int, share: float) -> float:
    """P(X >= hits) for X ~ Binomial(of, share)."""
    return math.fsum(math.comb(of, k) * share**k * (1 - share)**(of - k) for k in range(hits, of + 1))


def _where(rising, value: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if rising(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def exact(hits: int, of: int, confidence: float = 0.95) -> tuple | None:
    """(lower, upper) of the share behind `hits` of `of`; None where there was nothing."""
    if of == 0:
        return None
    tail = (1 - confidence) / 2
    lower = 0.0 if hits == 0 else _where(lambda share: _at_least(hits, of, share), tail)
    upper = 1.0 if hits == of else _where(lambda share: _at_least(hits + 1, of, share), 1 - tail)
    return lower, upper
