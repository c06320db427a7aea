import pytest

from marquee.settings import RatingScale
from marquee.stack.bootstrap import fits_sample
from marquee.stack.first_start import FirstStart


@pytest.mark.parametrize(
    ("least", "most", "step", "fits"),
    [(0.5, 5, 0.5, True), (1, 5, 1, True), (1, 10, 1, True), (0, 1, 1, False), (1, 5, 2, False)],
)
def test_the_sample_data_fits_a_scale_that_takes_1_to_5_stars(
    least: float, most: float, step: float, fits: bool
) -> None:
    assert fits_sample(RatingScale(min=least, max=most, step=step)) is fits


def test_what_is_asked_of_a_start_is_passed_on() -> None:
    assert FirstStart().options == []
    assert FirstStart(new_password=True, empty=True).options == ["--new-operator-password", "--empty"]
