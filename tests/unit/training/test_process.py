from marquee.training.process import describe_end


def test_an_end_is_described_as_people_know_it() -> None:
    assert describe_end(-9) == "SIGKILL"
    assert describe_end(7) == "exit status 7"
