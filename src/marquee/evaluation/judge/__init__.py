"""The judge of a rollout: is the challenger better, not worse, or worse than the champion? Pure functions.

It may be asked as often as one likes, every few seconds even, without raising its errors above the stated
level.

*What is compared.* People are assigned to a variant by a hash that is sticky, and the challenger's share
grows by steps. Within a step s both variants serve the same kind of traffic at the same time, so their rates
r1, r0 (means over lists) are compared step by step and pooled with Mantel-Haenszel weights w = N1 N0 / (N1 +
N0): T(c) = sum of w (r1 - c r0). A trend over time hits both variants of a step alike and drops out. c is 1,
or 1 - margin (1 + margin where lower is better) for a margin relative to the champion: an exact linear
contrast, where the ratio itself would need an approximation. T1 / T0 is the Mantel-Haenszel ratio (Greenland
and Robins, Biometrics 1985); its interval is the set of c that the data do not refute (Fieller, JRSS B 1954).

*How sure.* A person's outcomes hang together, so the variance V of T is a sum of squares over people: by how
much T changes when that person is left out, the jackknife by cluster (MacKinnon, Nielsen and Webb, J.
Econometrics 2023), across all of the person's steps and both variants. It is never taken for less than the
variance of as many independent outcomes; a share that was 0 or 1 throughout counts as (x + 1) / (n + 2).

*Looking all the time.* T stays within the boundary u(V) at all times at once with the stated probability,
where u is Robbins' normal mixture (Ann. Math. Statist. 1970; Howard, Ramdas, McAuliffe and Sekhon, Ann.
Statist. 2021), one side at a time; see `boundary`. Its clock is the variance V, not the number of people:
those who come back add information. This is an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas, Ann. Statist. 2024): T is taken for Gaussian, so a least number of people is asked for,
and the boundary itself is wide early on.

T is no martingale in time, since a person's later outcomes resemble the earlier ones, but need not be one:
what T still gains is not negatively correlated with what it has. The outcomes of one person are positively
correlated, and a person drawn to the challenger at share p1, or not until a later share p2, contributes p1 (1
- p2) >= 0 to the covariance of two steps, for a share that only grows. By Slepian's lemma (Bell Syst. Tech.
J. 1962) a Gaussian process whose covariances are at least those of a Brownian motion with the same variances
crosses a boundary no more often than that motion does. This argument is about the limit;
`benchmarks/judge.py` tries it on seeded traffic.

*Errors.* `worse` on any metric, which is not said of what is surely worse but inside its margin, sends the
challenger back: all metrics together do so wrongly with probability
alpha / 2, the primary one alone, and alpha / 2, the others together, alpha in all. Promotion asks for `not
worse` on every metric that is required, each at alpha / 2 one-sided: whichever of them is truly worse than
its margin stops a promotion with probability 1 - alpha / 2 (intersection-union; Berger, Technometrics 1982).
"""

from marquee.evaluation.judge.observations import Metric, Observations
from marquee.evaluation.judge.verdicts import Finding, Judgement, Verdict, judge

__all__ = ["Finding", "Judgement", "Metric", "Observations", "Verdict", "judge"]
