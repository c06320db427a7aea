"""How models are judged. Each protocol is a function; what it does is written in its docstring.

A protocol takes contenders, all the data and the rules; splits, trains everybody on the same training
side, and gives a `Judged` for each.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from marquee.evaluation.judged import Judged
from marquee.evaluation.protocols.coldstart import coldstart
from marquee.evaluation.protocols.crossvalidation import CrossValidation, cv5, cv5_rmse
from marquee.evaluation.protocols.holdout import holdout75
from marquee.evaluation.protocols.temporal import prequential, temporal

Protocol: TypeAlias = Callable[..., dict[str, Judged]]

PROTOCOLS: Mapping[str, Protocol] = {
    "temporal": temporal,
    "holdout75": holdout75,
    "cv5": cv5,
    "coldstart": coldstart,
}

__all__ = [
    "PROTOCOLS",
    "CrossValidation",
    "Protocol",
    "coldstart",
    "cv5",
    "cv5_rmse",
    "holdout75",
    "prequential",
    "temporal",
]
