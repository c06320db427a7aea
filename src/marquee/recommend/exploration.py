"""Places given to an item drawn at random, and how likely each item was to stand where it stands.

With that, how another order would have fared can be estimated from the log: Swaminathan and Joachims,
"Counterfactual risk minimization" (ICML 2015).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marquee.models.protocol import Float32


class Draw(NamedTuple):
    """What stands at each place.

    Attributes:
        spare: the number of the spare item that took the place, -1 where none did; shape (n,).
        propensities: the probability that what stands there would, shape (n,), float32.
    """

    spare: NDArray[np.int64]
    propensities: Float32


def draw(n_places: int, n_spare: int, share: float, generator: np.random.Generator) -> Draw:
    """Give places to spare items.

    Each place is given away with probability `share`, on its own; then it goes to any of the spare items
    that no other place got, all of them alike. So the one that would have stood there does with 1 - share,
    and each spare item with share / n_spare. Where there are fewer spare items than places, only as
    many of the last places take part: those before have a propensity of 1.
    """
    taking_part = min(n_places, n_spare)
    spare = np.full(n_places, -1)
    propensities = np.ones(n_places, np.float32)
    if not taking_part:
        return Draw(spare, propensities)
    first = n_places - taking_part
    given = first + np.flatnonzero(generator.random(taking_part) < share)
    spare[given] = generator.choice(n_spare, len(given), replace=False)
    propensities[first:] = 1.0 - share
    propensities[given] = share / n_spare
    return Draw(spare, propensities)


def generator_of(request_id: str) -> np.random.Generator:
    """The generator of one request: the same draws for the same id (a UUID)."""
    return np.random.default_rng(int(request_id.replace("-", ""), 16))
