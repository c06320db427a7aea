from marquee.domain.counting import counted


def test_one_is_one_and_everything_else_is_many() -> None:
    assert counted(1, "row") == "1 row"
    assert counted(0, "row") == "0 rows"
    assert counted(1234, "row") == "1,234 rows"
    assert counted(2, "local copy", "local copies") == "2 local copies"
