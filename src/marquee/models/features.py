"""What is known of items and people besides ratings, as sparse vectors: one named feature a column.

    genre:comedy  year:1990  word:story  attribute:director=jane campion      of an item
    age:25-34  gender:f  occupation:artist                                    of a person

Whatever is missing, or absent from the vocabulary, has no feature. Serving encodes an item added after the
training with the names alone; nothing here needs pandas at run time.
"""

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, TITLE, USER, YEAR
from marquee.domain.history import ItemIndex
from marquee.models.protocol import Float32

if TYPE_CHECKING:  # serving does not need pandas
    import pandas as pd

ATTRIBUTES = "attributes"

RARE_GROUPS = ("word", "attribute")  # a feature of these that one item alone has says nothing of any other
MOST_IN_GROUP = 2000
YEARS_BETWEEN = 10  # a year lies between two round ones and has a share of both: 1994 is 0.6 1990, 0.4 2000

# MovieLens' own age groups.
AGE_STARTS = (0, 18, 25, 35, 45, 50, 56)
AGE_BANDS = ("0-17", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")

_WORD = re.compile(r"[^\W_]+")

Described = Mapping[str, float]


@dataclass(frozen=True)
class Vocabulary:
    """Names of features by column: "group:value", lower case, each once."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self._column_of) != len(self.names):
            raise ValueError("names of features are not unique")

    @cached_property
    def _column_of(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def groups(self) -> tuple[str, ...]:
        """The part before the colon of each name."""
        return tuple(name.partition(":")[0] for name in self.names)

    def encode(self, described: Described) -> Float32:
        """One row, shape (len(self),); names that this vocabulary does not hold are left out."""
        row = np.zeros(len(self), dtype=np.float32)
        for name, value in described.items():
            if (column := self._column_of.get(name)) is not None:
                row[column] = value
        return row

    def encode_many(self, many: Sequence[Described]) -> sparse.csr_array[Any, tuple[int, int]]:
        """`encode` of each, shape (len(many), len(self)), float32, columns in ascending order."""
        columns = self._column_of
        rows = [
            sorted((columns[name], value) for name, value in one.items() if name in columns) for one in many
        ]
        entries = [entry for row in rows for entry in row]
        return sparse.csr_array(
            (
                np.array([value for _, value in entries], dtype=np.float32),
                np.array([column for column, _ in entries], dtype=np.int32),
                np.cumsum([0, *map(len, rows)], dtype=np.int32),
            ),
            shape=(len(many), len(self)),
        )

    def to_array(self) -> NDArray[np.uint8]:
        """The names as a JSON list in UTF-8 bytes, so that they may be of any length."""
        return np.frombuffer(json.dumps(self.names, ensure_ascii=False).encode(), dtype=np.uint8)

    @classmethod
    def from_array(cls, array: NDArray[np.uint8]) -> Self:
        """What `to_array` gave; raises ValueError when it is something else."""
        names = json.loads(array.tobytes())
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ValueError("the names of features are no list of strings")
        return cls(tuple(names))


@dataclass(frozen=True, eq=False)
class Features:
    """Features of many items, or people, by row.

    Attributes:
        names: by column, as in `Vocabulary`.
        values: shape (n_rows, len(names)), float32: 1 for having a feature, or a share between 0 and 1.
    """

    names: tuple[str, ...]
    values: sparse.csr_array[Any, tuple[int, int]]

    def __post_init__(self) -> None:
        if self.values.shape[1] != len(self.names):
            raise ValueError(f"{self.values.shape[1]} columns of features have {len(self.names)} names")

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.names)

    @classmethod
    def none(cls, n_rows: int) -> Self:
        """Rows of which nothing is known."""
        return cls((), sparse.csr_array((n_rows, 0), dtype=np.float32))


def item_features(frame: "pd.DataFrame", items: ItemIndex) -> Features:
    """Features of the items of an index, by its rows, and the vocabulary that comes of them.

    Args:
        frame: item_id, and as far as there are any title, year, genres (sequences of str) and attributes
            (mappings), at most one row an item. Items outside `items` are left out; an item without a row
            has no features.
    """
    columns = [_values(frame, name) for name in (TITLE, YEAR, GENRES, ATTRIBUTES)]
    described = {
        item_id: describe_item(*row) for item_id, *row in zip(_ids(frame, ITEM), *columns, strict=True)
    }
    return _features([described.get(item_id, {}) for item_id in items.ids])


def user_features(frame: "pd.DataFrame", user_ids: Sequence[str]) -> Features:
    """Features of some people, in their order; somebody without a row in `frame` has none.

    Args:
        frame: user_id, and as far as there are any age, gender and occupation, at most one row a person.
    """
    columns = [_values(frame, name) for name in (AGE, GENDER, OCCUPATION)]
    described = {
        user_id: describe_user(*row) for user_id, *row in zip(_ids(frame, USER), *columns, strict=True)
    }
    return _features([described.get(user_id, {}) for user_id in user_ids])


def encode_item(
    vocabulary: Vocabulary,
    title: str | None = None,
    year: int | None = None,
    genres: Iterable[str] | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Float32:
    """Features of one item, shape (len(vocabulary),)."""
    return vocabulary.encode(describe_item(title, year, genres, attributes))


def encode_user(
    vocabulary: Vocabulary, age: int | None = None, gender: str | None = None, occupation: str | None = None
) -> Float32:
    """Features of one person, shape (len(vocabulary),)."""
    return vocabulary.encode(describe_user(age, gender, occupation))


def describe_item(
    title: str | None = None,
    year: int | None = None,
    genres: Iterable[str] | None = None,
    attributes: Mapping[str, object] | None = None,
) -> dict[str, float]:
    """An item's features by name, in whatever vocabulary."""
    named = () if genres is None else genres  # Parquet gives arrays, which have no truth
    described = {f"genre:{genre.strip().casefold()}": 1.0 for genre in named if genre.strip()}
    if year is not None:
        before, past = divmod(int(year), YEARS_BETWEEN)
        described[f"year:{before * YEARS_BETWEEN}"] = 1.0 - past / YEARS_BETWEEN
        if past:
            described[f"year:{(before + 1) * YEARS_BETWEEN}"] = past / YEARS_BETWEEN
    described |= {f"word:{word}": 1.0 for word in _WORD.findall((title or "").casefold())}
    for name, value in (attributes or {}).items():
        described |= {f"attribute:{name}={text}".casefold(): 1.0 for text in _texts(value)}
    return described


def describe_user(
    age: int | None = None, gender: str | None = None, occupation: str | None = None
) -> dict[str, float]:
    """A person's features by name, in whatever vocabulary."""
    described = {}
    if age is not None:
        described[f"age:{AGE_BANDS[max(bisect_right(AGE_STARTS, int(age)) - 1, 0)]}"] = 1.0
    for group, value in (("gender", gender), ("occupation", occupation)):
        if value and value.strip():
            described[f"{group}:{value.strip().casefold()}"] = 1.0
    return described


def profiles(frame: "pd.DataFrame", vocabulary: Vocabulary) -> dict[str, NDArray[np.int32]]:
    """What is known of each person, as `History.profile`: columns of a vocabulary of people.

    Args:
        frame: as for `user_features`.
    """
    columns = [_values(frame, name) for name in (AGE, GENDER, OCCUPATION)]
    encoded = vocabulary.encode_many([describe_user(*row) for row in zip(*columns, strict=True)])
    bounds = pairwise(encoded.indptr.tolist())
    described = (encoded.indices[start:end].astype(np.int32) for start, end in bounds)
    return dict(zip(_ids(frame, USER), described, strict=True)) if len(frame) else {}


def _texts(value: object) -> list[str]:
    """The plain values of an attribute, or of a list of them; what is nested deeper says nothing."""
    several = value if isinstance(value, list | tuple) else [value]
    return [str(one).strip() for one in several if isinstance(one, str | int | float)]


def _features(described: Sequence[Described]) -> Features:
    vocabulary = Vocabulary(_names(described))
    return Features(vocabulary.names, vocabulary.encode_many(described))


def _names(described: Sequence[Described]) -> tuple[str, ...]:
    """Every name, sorted; of the groups that have many, the most frequent that two rows share."""
    counts = Counter(name for one in described for name in one)
    kept: list[str] = []
    for group in sorted({name.partition(":")[0] for name in counts}):
        names = [name for name in counts if name.startswith(f"{group}:")]
        if group in RARE_GROUPS:
            names = [name for name in names if counts[name] > 1]
            names = sorted(names, key=lambda name: (-counts[name], name))[:MOST_IN_GROUP]
        kept += sorted(names)
    return tuple(kept)


def _ids(frame: "pd.DataFrame", name: str) -> list[str]:
    return [str(value) for value in frame[name].tolist()]


def _values(frame: "pd.DataFrame", name: str) -> list[Any]:
    """A column with None for what is missing, in whatever way pandas says so; a column may be missing too."""
    if name not in frame.columns:
        return [None] * len(frame)
    column = frame[name].astype(object)
    values: list[Any] = column.where(column.notna(), None).tolist()
    return values
