import pytest

from marquee.stack.supervisor import pause_before


@pytest.mark.parametrize(
    ("start", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0), (6, 30.0), (50, 30.0)]
)
def test_the_pause_doubles_up_to_half_a_minute(start: int, seconds: float) -> None:
    assert pause_before(start) == seconds
