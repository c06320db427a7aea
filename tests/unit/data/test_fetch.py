"""Fetching: which source is taken, and what is refused. The sources here are folders on disk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from marquee.data.fetch import ML_100K, PublicData, fetch
from marquee.data.progress import OnProgress, unheard
from marquee.data.tidy import FILES, ITEMS, read_hashes, sha256
from marquee.data.wheel import mended
from marquee.domain.errors import Unavailable
from tests.support.data_files import SCALE, ml_100k, write

ITEMS_CSV = b"item_id,title,year,genres\n1,Toy Story,1995,Animation|Children's|Comedy\n" + (
    "2,Cérémonie, La,1995,Drama\n3,unknown,,\n".replace("Cérémonie, La", '"Cérémonie, La"').encode()
)
HASHES = {
    "ratings.csv": sha256(
        b"user_id,item_id,rating,timestamp\n7,1,4,881250949\n7,2,3,881250950\n8,1,5,881250951\n"
    ),
    "items.csv": sha256(ITEMS_CSV),
    "users.csv": sha256(b"user_id,age,gender,occupation\n7,24,M,technician\n8,53,F,other\n"),
}


@dataclass(frozen=True)
class Shelf:
    """A source on disk: copies files out of a folder, or is out of reach when that is not there."""

    folder: Path

    @property
    def name(self) -> str:
        return f"the shelf {self.folder.name}"

    def bring(self, folder: Path, on_progress: OnProgress) -> dict[str, str]:
        if not self.folder.exists():
            raise Unavailable("out of reach.")
        hashes = {}
        for number, path in enumerate(sorted(self.folder.iterdir()), start=1):
            on_progress("Copying", number, 3)
            (folder / path.name).write_bytes(path.read_bytes())
            hashes[path.name] = sha256(path.read_bytes())
        return hashes


def data_from(*shelves: Path) -> PublicData:
    sources: Sequence[Shelf] = [Shelf(shelf) for shelf in shelves]
    return PublicData("tiny", SCALE, sources, HASHES, trusted={}, terms="Only for tests.")


def test_what_is_fetched_is_checked_and_says_where_it_comes_from(tmp_path: Path) -> None:
    fetched = fetch(data_from(ml_100k(tmp_path / "shelf")), tmp_path / "data")
    assert (fetched.path, fetched.source, fetched.fetched) == (
        tmp_path / "data/raw/tiny",
        "the shelf shelf",
        True,
    )
    assert read_hashes(fetched.path) == HASHES
    facts = json.loads((tmp_path / "data/raw/tiny.source.json").read_text())
    assert (facts["source"], facts["sha256"], facts["terms"]) == (
        "the shelf shelf",
        HASHES,
        "Only for tests.",
    )


def test_the_next_source_is_tried_when_one_is_out_of_reach(tmp_path: Path) -> None:
    data = data_from(tmp_path / "nowhere", ml_100k(tmp_path / "shelf"))
    assert fetch(data, tmp_path / "data").source == "the shelf shelf"


def test_a_source_with_another_content_is_passed_over(tmp_path: Path) -> None:
    wrong = ml_100k(tmp_path / "wrong")
    write(wrong / "u.data", "7\t1\t5\t881250949\n")
    assert fetch(data_from(wrong, ml_100k(tmp_path / "shelf")), tmp_path / "data").source == "the shelf shelf"


def test_nothing_is_written_when_no_source_is_good(tmp_path: Path) -> None:
    wrong = ml_100k(tmp_path / "wrong")
    (wrong / "u.user").write_text("7|24|M|technician|0\n8|54|F|other|0\n")
    with pytest.raises(Unavailable) as caught:
        fetch(data_from(tmp_path / "nowhere", wrong), tmp_path / "data")
    for part in ("shelf nowhere: out of reach", "shelf wrong: its users.csv is not that of tiny"):
        assert part in caught.value.message
    assert not (tmp_path / "data").exists()


def test_a_second_fetch_needs_no_source(tmp_path: Path) -> None:
    first = fetch(data_from(ml_100k(tmp_path / "shelf")), tmp_path / "data")
    again = fetch(data_from(tmp_path / "nowhere"), tmp_path / "data")
    assert again == replace(first, fetched=False)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_or_missing_file_is_fetched_again(tmp_path: Path, name: str) -> None:
    data = data_from(ml_100k(tmp_path / "shelf"))
    path = fetch(data, tmp_path / "data").path / name
    path.write_bytes(path.read_bytes() + b"x")
    assert fetch(data, tmp_path / "data").fetched
    path.unlink()
    assert fetch(data, tmp_path / "data").fetched
    assert read_hashes(path.parent) == HASHES


def test_a_trusted_file_vouches_for_what_is_made_of_it(tmp_path: Path) -> None:
    """GroupLens' u.item may be written otherwise than the wheel's titles, and is no less right."""
    shelf = ml_100k(tmp_path / "shelf")
    data = replace(data_from(shelf), sha256={**HASHES, ITEMS: "0" * 64})
    with pytest.raises(Unavailable, match=r"its items\.csv is not that of tiny"):
        fetch(data, tmp_path / "data")
    trusting = replace(data, trusted={ITEMS: sha256((shelf / "u.item").read_bytes())})
    path = fetch(trusting, tmp_path / "data").path
    assert not fetch(trusting, tmp_path / "data", unheard).fetched
    (path / ITEMS).write_bytes(b"tampered")
    assert fetch(trusting, tmp_path / "data").fetched


def test_the_two_broken_rows_of_the_wheel_are_mended() -> None:
    good = b"5\tCopycat\t1995\tCrime\n"
    broken = b"267\tunkonwn\tunkonwn\tunknown\n1412\tLand Before Time III (1995)\tV\tAnimation\n"
    whole = b"267\tunknown\t\tunknown\n1412\tLand Before Time III\t1995\tAnimation\n"
    assert mended(broken + good) == whole + good


def test_movielens_is_asked_of_its_makers_first() -> None:
    assert [source.name for source in ML_100K.sources] == [
        "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        "the package recbole==1.2.1",
    ]
