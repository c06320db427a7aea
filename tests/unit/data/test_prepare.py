"""The split that `dvc repro` begins with."""

from pathlib import Path

import pytest

from marquee.data.prepare import prepare, read_prepared
from marquee.domain.errors import DataError
from tests.support.data_files import SCALE, ml_100k, write

HEADER = "user_id,item_id,rating,timestamp\n"


def test_the_newest_ratings_are_the_test_set(tmp_path: Path) -> None:
    rows = [f"u{n % 3},i{n},{1 + n % 5},{1000 + 10 * n}\n" for n in range(10)]
    write(tmp_path / "r.csv", HEADER + "".join(reversed(rows)))
    prepared = prepare(tmp_path / "r.csv", tmp_path / "out", test_share=0.2, scale=SCALE)
    assert (prepared.train_rows, prepared.test_rows, prepared.rejected) == (8, 2, 0)
    assert (tmp_path / "out" / "train.csv").read_text() == HEADER + "".join(rows[:8])
    assert (tmp_path / "out" / "test.csv").read_text() == HEADER + "".join(rows[8:])
    assert (tmp_path / "out" / "items.csv").read_text().splitlines()[1:] == [
        f"i{n},i{n},," for n in range(10)
    ]


def test_the_whole_catalogue_is_kept_and_ratings_of_other_items_are_left_out(tmp_path: Path) -> None:
    folder = ml_100k(tmp_path / "ml")
    (folder / "u.data").write_text((folder / "u.data").read_text() + "8\t99\t5\t881250952\n")
    prepared = prepare(folder, tmp_path / "out", test_share=0.3, scale=SCALE)
    assert (prepared.train_rows, prepared.test_rows, prepared.rejected) == (2, 1, 1)
    assert "3,unknown,," in (tmp_path / "out" / "items.csv").read_text()


def test_what_was_prepared_is_read_back(tmp_path: Path) -> None:
    text = HEADER + 'u,"a,""b",3.5,7\nv,1,4,8\n'
    frame = read_prepared(write(tmp_path / "train.csv", text), SCALE)
    assert frame.to_dict("list") == {
        "user_id": ["u", "v"],
        "item_id": ['a,"b', "1"],
        "rating": [3.5, 4.0],
        "timestamp": [7, 8],
    }


def test_what_was_not_prepared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="marquee data prepare"):
        read_prepared(write(tmp_path / "train.csv", HEADER + "u,i,99,7\n"), SCALE)


def test_ratings_without_times_cannot_be_split(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "user,item,rating\n1,1,1\n1,2,3\n")
    with pytest.raises(DataError, match="no times"):
        prepare(path, tmp_path / "out", test_share=0.5, scale=SCALE)


def test_bad_ratings_alone_are_not_split(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", HEADER + "1,1,99,1\n")
    with pytest.raises(DataError, match="no good ratings"):
        prepare(path, tmp_path / "out", test_share=0.5, scale=SCALE)
