"""The name of a data set: the hash of its rows, whatever the file they are kept in."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from marquee.domain.columns import AGE, RATING, TIME, YEAR

_FLOATS = (RATING,)
_INTEGERS = (TIME, YEAR, AGE)  # of these YEAR and AGE may be missing
_NULL = -1  # length of a text that is missing


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256 of sorted tables, 64 hexadecimal digits; the same rows give the same digest on every machine.

    Each table gives its name, its number of rows, and each column's name and values: numbers as little-endian
    64-bit (a missing integer as the smallest), everything else as UTF-8 texts behind their lengths, lists and
    mappings as JSON with sorted keys.
    """
    sha = hashlib.sha256()
    for name, frame in tables.items():
        sha.update(f"{name}\n{len(frame)}\n".encode())
        for column in frame.columns:
            sha.update(f"{column}\n".encode())
            sha.update(_column_bytes(frame[column], str(column)))
    return sha.hexdigest()


def _column_bytes(column: "pd.Series[Any]", name: str) -> bytes:
    if name in _FLOATS:
        return column.to_numpy(dtype="<f8").tobytes()
    if name in _INTEGERS:
        return column.astype("Int64").to_numpy(dtype="<i8", na_value=np.iinfo(np.int64).min).tobytes()
    return _text_bytes(column)


def _text_bytes(values: Iterable[object]) -> bytes:
    texts = [_text(value) for value in values]
    lengths = np.fromiter(
        (_NULL if text is None else len(text) for text in texts), dtype="<i8", count=len(texts)
    )
    return lengths.tobytes() + b"".join(text for text in texts if text is not None)


def _text(value: object) -> bytes | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text.encode()
