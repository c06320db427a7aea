"""The form of data/raw."""

from pathlib import Path

import pytest

from marquee.data.tidy import FILES, read_hashes, sha256, tidy, write_file, write_folder
from marquee.domain.errors import ConfigurationError
from marquee.domain.records import Item, User
from tests.support.ratings import frame_of


def test_equal_data_is_equal_bytes_whatever_its_order() -> None:
    rows = [("10", "2", 4.5, 7), ("9", "10", 3.0, 7), ("9", "2", 5.0, 7), ("x", "1", 1.0, 3)]
    items = [Item("10", 'A "b", c', None, ("War", "Drama")), Item("2", "Ä", 1999)]
    users = [User("b"), User("10", 24, "M", "none"), User("9")]
    files = tidy(frame_of(*rows), items, users)
    assert files == tidy(frame_of(*reversed(rows)), reversed(items), reversed(users))
    assert {name: content.decode() for name, content in files.items()} == {
        "ratings.csv": "user_id,item_id,rating,timestamp\nx,1,1,3\n9,2,5,7\n9,10,3,7\n10,2,4.5,7\n",
        "items.csv": 'item_id,title,year,genres\n2,Ä,1999,\n10,"A ""b"", c",,Drama|War\n',
        "users.csv": "user_id,age,gender,occupation\n9,,,\n10,24,M,none\nb,,,\n",
    }


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "x"
    write_folder(folder, dict.fromkeys(FILES, b"old"))
    (folder / "stray").touch()
    write_folder(folder, dict.fromkeys(FILES, b"new"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert read_hashes(folder) == dict.fromkeys(FILES, sha256(b"new"))
    assert [path.name for path in folder.parent.iterdir()] == ["x"]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "a.csv", b"one")
    write_file(tmp_path / "new" / "a.csv", b"two")
    assert [path.read_bytes() for path in (tmp_path / "new").iterdir()] == [b"two"]


def test_a_place_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="MARQUEE_DATA_DIR"):
        write_folder(tmp_path / "file" / "raw", {})
