"""Histories and the index of items."""

import numpy as np
import pytest

from marquee.domain.history import UNKNOWN_ROW, History, ItemIndex


def test_index_turns_ids_into_rows_and_marks_the_unknown() -> None:
    index = ItemIndex(["a/b", "é", "42"])

    assert index.row("é") == 1
    assert index.row("nobody") is None
    assert index.rows(["42", "nobody", "a/b"]).tolist() == [2, UNKNOWN_ROW, 0]
    assert len(index) == 3
    assert "a/b" in index


def test_index_refuses_an_id_that_stands_twice() -> None:
    with pytest.raises(ValueError, match="not unique"):
        ItemIndex(["1", "2", "1"])


def test_an_empty_history_has_typed_arrays() -> None:
    history = History.empty()

    assert len(history) == 0
    assert (history.rows.dtype, history.ratings.dtype, history.times.dtype) == (
        np.int32,
        np.float32,
        np.int64,
    )


def test_history_refuses_arrays_of_unequal_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        History.of([1, 2], [4.0], [0, 0])
