import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.domain.history import UNKNOWN_ROW
from marquee.recommend.topn import best_rows, best_rows_many

# Few different values, so that there are many ties.
scores_with_ties = st.lists(st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 3.0]), max_size=40)


@settings(deadline=None)  # the machine may be busy
@given(scores_with_ties, st.integers(0, 50))
def test_the_best_rows_are_those_of_a_whole_sort(scores: list[float], n: int) -> None:
    finite = [row for row in range(len(scores)) if scores[row] > -np.inf]
    expected = sorted(finite, key=lambda row: (-scores[row], row))[:n]
    assert best_rows(np.array(scores, dtype=np.float32), n).tolist() == expected


def test_less_than_none_is_none() -> None:
    assert best_rows(np.ones(3, dtype=np.float32), -1).tolist() == []


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 6), st.integers(0, 15), st.data())
def test_many_at_once_are_the_best_rows_of_each(
    n_items: int, n_people: int, n: int, data: st.DataObject
) -> None:
    values = st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 3.0])
    drawn = data.draw(st.lists(values, min_size=n_people * n_items, max_size=n_people * n_items))
    scores = np.array(drawn, dtype=np.float32).reshape(n_people, n_items)
    lists = best_rows_many(scores, n)
    assert lists.shape == (n_people, n)
    for one, listed in zip(scores, lists.tolist(), strict=True):
        best = best_rows(one, n).tolist()
        assert listed == best + [UNKNOWN_ROW] * (n - len(best))
