"""What is learnt from changes; what is judged by does not."""

import pandas as pd
import pytest

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.evaluation.contest import Contender, Data, Rules
from marquee.evaluation.sensitivity import newest, noisy, thinned, to_data, to_hyperparameters, to_noise
from marquee.evaluation.splits import temporal_split
from marquee.models.train import train_baselines, train_models, train_rating
from marquee.settings.params import EaseParams, SvdParams
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard

FRAME = checkerboard()
DATA = Data(FRAME, pd.DataFrame({ITEM: sorted(FRAME[ITEM].unique())}), pd.DataFrame({USER: []}))
RULES = Rules(Serving(), k=3)
SVD = SvdParams(n_factors=4, n_epochs=60, lr_all=0.02, reg_all=0.02)


def _contender(name: str, rating: SvdParams) -> Contender:
    ranking = EaseParams(regularization=5.0)
    return Contender(
        name,
        lambda past: train_models(past, rating, ranking).models,
        lambda past: train_rating(past, rating)[0],
    )


def test_the_newest_share_is_the_newest() -> None:
    part = newest(FRAME, 0.25)
    assert len(part) == round(0.25 * len(FRAME))
    assert part[TIME].min() > FRAME[TIME].drop(part.index).max()
    assert len(newest(FRAME, 1.0)) == len(FRAME)


def test_smaller_random_shares_are_parts_of_larger_ones() -> None:
    small, large = (set(thinned(FRAME, share, 3).index) for share in (0.25, 0.5))
    assert small < large
    assert len(large) == round(0.5 * len(FRAME))


def test_noise_changes_about_its_share_and_nothing_else() -> None:
    wrong = noisy(FRAME, 0.4, 1)
    changed = (wrong[RATING] != FRAME[RATING]).mean()
    assert changed == pytest.approx(0.4 / 2, abs=0.06)  # half of the stars drawn are what they were
    assert set(wrong[RATING]) == {1.0, 5.0}
    assert wrong.drop(columns=RATING).equals(FRAME.drop(columns=RATING))
    assert noisy(FRAME, 0.0, 1).equals(FRAME)
    assert noisy(FRAME, 0.4, 1).equals(wrong)


def test_less_to_learn_from_is_worse_on_the_same_test() -> None:
    heard: list[str] = []
    cases = to_data(
        _contender("svd", SVD), DATA, RULES, shares=(0.1, 1.0), windows=(1.0,), on_case=heard.append
    )
    whole, few, all_of_it = cases
    n = len(temporal_split(FRAME).train)
    assert [(case.what, case.setting) for case in cases] == [
        ("newest share", "100%"),
        ("random share", "10%"),
        ("random share", "100%"),
    ]
    assert [case.ratings for case in cases] == [n, round(0.1 * n), n]
    assert whole.rmse == all_of_it.rmse
    assert few.rmse is not None
    assert all_of_it.rmse is not None
    assert few.rmse.value > all_of_it.rmse.value + 0.3
    assert heard == ["newest share: 100%", "random share: 10%", "random share: 100%"]


def test_noise_is_worse() -> None:
    clean, wrong = to_noise(_contender("svd", SVD), DATA, RULES, levels=(0.0, 0.6), on_case=lambda _: None)
    assert clean.rmse is not None
    assert wrong.rmse is not None
    assert wrong.rmse.value > clean.rmse.value + 0.3


def test_a_grid_is_a_case_a_setting() -> None:
    tried = [
        _contender("4 factors", SVD),
        Contender("none", train_baselines, lambda p: train_baselines(p).rating),
    ]
    good, bad = to_hyperparameters(tried, DATA, RULES, on_case=lambda _: None)
    assert (good.what, good.setting, bad.setting) == ("hyperparameters", "4 factors", "none")
    assert good.rmse is not None
    assert bad.rmse is not None
    assert good.rmse.value < bad.rmse.value
