"""SVD's trained rows about people: kept beside a bundle for analysis, never needed to serve."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from marquee.domain.errors import CorruptBundle
from marquee.models.protocol import Float32, State


@dataclass(frozen=True, eq=False)
class UserFactors:
    """Trained user factors (shape (n_users, n_factors)) and biases (n_users,), float32, by user row."""

    user_ids: tuple[str, ...]
    factors: Float32
    biases: Float32

    def __post_init__(self) -> None:
        if not len(self.user_ids) == len(self.factors) == len(self.biases):
            raise ValueError("user ids, factors and biases must be of one length")

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {user_id: row for row, user_id in enumerate(self.user_ids)}

    def state(self, user_id: str) -> State | None:
        """A trained user's state for `Svd.score`; None for somebody the training has not seen."""
        row = self._row_of.get(user_id)
        return None if row is None else np.append(self.factors[row], self.biases[row])


def write_user_factors(path: Path, ids: Sequence[str], factors: Float32, biases: Float32) -> None:
    """Write `user_factors.npz` whole or not at all; same input, same bytes; no pickle.

    Ids are a JSON list in UTF-8 bytes, so that they may be of any length and hold any character.
    """
    users = UserFactors(tuple(ids), factors, biases)
    table = np.frombuffer(json.dumps(users.user_ids, ensure_ascii=False).encode(), dtype=np.uint8)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        np.savez(
            file,
            user_ids=table,
            factors=factors.astype(np.float32, copy=False),
            biases=biases.astype(np.float32, copy=False),
        )
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_user_factors(path: Path) -> UserFactors:
    """Read what `write_user_factors` wrote.

    Raises:
        CorruptBundle: the file is missing or is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ids = json.loads(arrays["user_ids"].tobytes())
            return UserFactors(tuple(map(str, ids)), arrays["factors"], arrays["biases"])
    except (OSError, EOFError, KeyError, ValueError, TypeError, BadZipFile) as error:
        raise CorruptBundle(f"{path} holds no user factors: {error}.", hint="Fetch it again.") from error
