"""What lies at a path."""

import gzip
import zipfile
from pathlib import Path

import pytest

from marquee.data.layout import Columns
from marquee.domain.errors import DataError, InvalidInput
from marquee.domain.records import Item, User
from tests.support.data_files import ml_100k, read, write

TOY = ("Animation", "Children's", "Comedy")


def test_movielens_100k_is_read_with_its_attributes(tmp_path: Path) -> None:
    outcome = read(ml_100k(tmp_path / "ml-100k"))
    items, users = outcome.tables.items, outcome.tables.users
    assert items is not None
    assert users is not None
    assert outcome.rejects == []
    assert outcome.rows == [
        ("7", "1", 4.0, 881250949),
        ("7", "2", 3.0, 881250950),
        ("8", "1", 5.0, 881250951),
    ]
    toy, cérémonie, unknown = items.by_id.values()
    assert (toy.title, toy.year, toy.genres) == ("Toy Story", 1995, TOY)
    assert toy.attributes == {"release_date": "01-Jan-1995", "imdb_url": "http://us.imdb.com/x"}
    assert (cérémonie.title, cérémonie.genres) == ("Cérémonie, La", ("Drama",))
    assert unknown == Item("3", "unknown")
    assert users.by_id == {"7": User("7", 24, "M", "technician"), "8": User("8", 53, "F", "other")}


def test_movielens_csv_is_read(tmp_path: Path) -> None:
    write(tmp_path / "ratings.csv", "userId,movieId,rating,timestamp\n1,11,4.5,964982703\n")
    write(
        tmp_path / "movies.csv",
        "movieId,title,genres\n"
        '11,"American President, The (1995)",Comedy|Drama|Romance\n'
        '12,"""Great Performances"" Cats (1998)",(no genres listed)\n',
    )
    write(tmp_path / "links.csv", "movieId,imdbId,tmdbId\n11,1,2\n")
    outcome = read(tmp_path)
    assert outcome.rejects == []
    assert outcome.rows == [("1", "11", 4.5, 964982703)]
    assert outcome.tables.items is not None
    assert list(outcome.tables.items.by_id.values()) == [
        Item("11", "American President, The", 1995, ("Comedy", "Drama", "Romance")),
        Item("12", '"Great Performances" Cats', 1998),
    ]


def test_movielens_1m_is_read(tmp_path: Path) -> None:
    write(tmp_path / "ratings.dat", "1::1193::5::978300760\n")
    write(tmp_path / "movies.dat", '1193::Amélie: "x" (2001)::Comedy|Romance\n'.encode("latin-1"))
    write(tmp_path / "users.dat", "1::F::25::10::48067\n")
    outcome = read(tmp_path)
    assert outcome.rejects == []
    assert outcome.rows == [("1", "1193", 5.0, 978300760)]
    assert outcome.tables.items is not None
    assert outcome.tables.users is not None
    assert outcome.tables.items.by_id["1193"] == Item("1193", 'Amélie: "x"', 2001, ("Comedy", "Romance"))
    assert outcome.tables.users.by_id["1"] == User("1", 25, "F", "10")


def test_recbole_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "x.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3\t4\n")
    write(
        tmp_path / "x.item",
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "2\tM\t1931\tCrime Film-Noir\n",
    )
    outcome = read(tmp_path)
    assert outcome.rows == [("1", "2", 3.0, 4)]
    assert outcome.tables.items is not None
    assert outcome.tables.items.by_id["2"] == Item("2", "M", 1931, ("Crime", "Film-Noir"))


def test_an_archive_is_read_like_the_folder_in_it(tmp_path: Path) -> None:
    folder = ml_100k(tmp_path / "ml-100k")
    with zipfile.ZipFile(tmp_path / "ml-100k.zip", "w") as archive:
        archive.writestr("__MACOSX/ml-100k/u.data", "junk")
        for path in folder.iterdir():
            archive.write(path, f"ml-100k/{path.name}")
    assert read(tmp_path / "ml-100k.zip").everything == read(folder).everything


def test_one_file_may_be_compressed_either_way(tmp_path: Path) -> None:
    text = "user,item,rating,time\n1,2,3,4\n"
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("mine.csv", text)
    zipped = read(tmp_path / "mine.zip")
    gzipped = read(write(tmp_path / "mine.csv.gz", gzip.compress(text.encode())))
    assert zipped.rows == gzipped.rows == [("1", "2", 3.0, 4)]


def test_single_files_of_movielens_are_known_by_their_names(tmp_path: Path) -> None:
    folder = ml_100k(tmp_path / "ml-100k")
    outcome = read(folder / "u.data", items=folder / "u.item", users=folder / "u.user")
    assert outcome.everything == read(folder).everything


def test_json_lines_are_read(tmp_path: Path) -> None:
    text = '{"userId": 1, "movieId": "m/1", "stars": 4.5, "ratedAt": "2020-01-01T00:00:00Z"}\n'
    assert read(write(tmp_path / "any.jsonl", text)).rows == [("1", "m/1", 4.5, 1577836800)]


def test_a_key_that_one_item_alone_has_is_its_attribute(tmp_path: Path) -> None:
    ratings = write(tmp_path / "r.csv", "user,item,rating,time\n1,1500,3,4\n")
    lines = [f'{{"item_id": "{number}", "title": "Film {number}"}}\n' for number in range(1501)]
    lines[1500] = '{"item_id": "1500", "year": 1999, "studio": "Ghibli", "attributes": {"awards": 2}}\n'
    outcome = read(ratings, items=write(tmp_path / "i.jsonl", "".join(lines)))
    assert outcome.tables.items is not None
    item = outcome.tables.items.by_id["1500"]
    assert (item.year, item.attributes) == (1999, {"studio": "Ghibli", "awards": 2})


def test_objects_that_have_each_its_own_keys_are_refused(tmp_path: Path) -> None:
    ratings = write(tmp_path / "r.csv", "user,item,rating,time\n1,2,3,4\n")
    lines = (f'{{"item_id": "{number}", "key {number}": 1}}\n' for number in range(1001))
    with pytest.raises(DataError, match=r"i\.jsonl has 1,002 different keys, more than 1,000"):
        read(ratings, items=write(tmp_path / "i.jsonl", "".join(lines)))


def test_named_columns_make_any_file_readable(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "wer;was;wie;wann\n1;2;3;4\n")
    named = {"user_id": "wer", "item_id": "was", "rating": "wie", "timestamp": "wann"}
    assert read(path, Columns(named)).rows == [("1", "2", 3.0, 4)]


def test_a_name_for_the_item_serves_the_catalogue_too_where_it_has_it(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "user,what,rating,time\n1,2,3,4\n")
    items = write(tmp_path / "i.csv", "what,title\n2,Two\n")
    outcome = read(path, Columns({"item_id": "what"}), items=items)
    assert outcome.tables.items is not None
    assert outcome.tables.items.by_id == {"2": Item("2", "Two")}


def test_a_folder_without_ratings_says_what_it_has(tmp_path: Path) -> None:
    write(tmp_path / "photos.csv", "a\n")
    with pytest.raises(DataError, match=r"holds no ratings .* it has photos\.csv.*u\.data"):
        read(tmp_path)


def test_a_missing_path_says_how_to_get_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not exist.*marquee data fetch"):
        read(tmp_path / "none")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_an_impossible_delimiter_is_an_error(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "x.csv", "user,item,rating\n1,2,3\n")
    with pytest.raises(InvalidInput, match="cannot be a delimiter"):
        read(path, Columns(delimiter=delimiter))


def test_a_header_and_no_rows_are_no_ratings(tmp_path: Path) -> None:
    outcome = read(write(tmp_path / "x.csv", "user,item,rating\n"))
    assert (outcome.rows, outcome.rejects) == ([], [])
