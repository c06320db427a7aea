import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.recommend.topn import best_rows

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
