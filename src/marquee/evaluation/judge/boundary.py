"""Robbins' normal mixture boundary: how far chance takes a sum, at whatever time one looks.

For a Brownian motion S with clock V and any rate l, exp(l S - l² V / 2) is a martingale of mean 1. Averaged
over rates l > 0 drawn from a half-normal of variance 1 / tau it is 2 sqrt(tau / (V + tau)) exp(z² / 2)
Phi(z), z = S / sqrt(V + tau), which by Ville's inequality ever reaches 1 / level with probability at most
`level`. Solved for S, that is the boundary (one-sided normal mixture; Howard et al. 2021, section 3.2). With
Phi = 1 it is the well-known two-sided one at 2 level, S = se sqrt((1 + 1/q) log((1 + q) / (2 level)²)) with q
= V / tau.
"""

import math
from functools import lru_cache

from scipy.special import lambertw, ndtr

_STEPS = 3  # Phi is nearly 1: each brings some three digits


def radius(variance: float, tau: float, level: float) -> float:
    """How far a sum of that variance may be on one side: beyond it, ever, with probability `level` at most.

    Args:
        variance: the clock V, above 0.
        tau: of the mixture, in units of V, above 0; see `tuned`.
        level: one-sided, below 1/2.
    """
    base = math.log1p(variance / tau) - 2.0 * math.log(2.0 * level)
    z = math.sqrt(base)
    for _ in range(_STEPS):
        z = math.sqrt(base - 2.0 * math.log(float(ndtr(z))))
    return z * math.sqrt(variance + tau)


def tuned(variance: float, level: float) -> float:
    """The tau for which the boundary, in standard errors, is tightest at this variance.

    (1 + 1/q) log((1 + q) / a²), a = 2 level, is least where log((1 + q) / a²) = q, so 1 + q = -W(-a² / e),
    with the lower branch of Lambert's function W.
    """
    return variance / _tightest(level)


@lru_cache
def _tightest(level: float) -> float:
    a = 2.0 * level
    return -float(lambertw(-a * a / math.e, k=-1).real) - 1.0
