import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.history import ItemIndex
from marquee.models import features
from marquee.models.features import (
    Features,
    Vocabulary,
    describe_item,
    describe_user,
    encode_item,
    encode_user,
    item_features,
    user_features,
)


def _catalogue() -> pd.DataFrame:
    rows = [
        ("a", "Toy Story", 1995, ("Comedy", "Animation"), {"studio": "Pixar"}),
        ("b", "A Story of Toys", pd.NA, ("Comedy",), {"studio": "pixar", "cast": ["X", "Y"]}),
        ("c", "", 1990, (), {"cast": ["Y"], "nested": {"a": 1}}),
    ]
    frame = pd.DataFrame(rows, columns=["item_id", "title", "year", "genres", "attributes"])
    return frame.astype({"year": "Int64"})


def test_an_item_is_described_by_genres_years_words_and_attributes() -> None:
    described = describe_item(
        "Toy Story 2", 1999, ["Children's", " Comedy "], {"studio": "Pixar", "colour": True}
    )
    assert described == pytest.approx(
        {
            "genre:children's": 1.0,
            "genre:comedy": 1.0,
            "year:1990": 0.1,
            "year:2000": 0.9,
            "word:toy": 1.0,
            "word:story": 1.0,
            "word:2": 1.0,
            "attribute:studio=pixar": 1.0,
            "attribute:colour=true": 1.0,
        }
    )


def test_a_round_year_is_itself_alone() -> None:
    assert describe_item(year=1990) == {"year:1990": 1.0}


def test_nothing_known_is_no_feature() -> None:
    assert describe_item() == describe_item("  ", None, [""], {}) == {}
    assert describe_user() == describe_user(None, "", " ") == {}


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0-17"), (17, "0-17"), (18, "18-24"), (34, "25-34"), (35, "35-44"), (56, "56+"), (99, "56+")],
)
def test_ages_fall_into_bands(age: int, band: str) -> None:
    assert describe_user(age, "F", "Artist") == {
        f"age:{band}": 1.0,
        "gender:f": 1.0,
        "occupation:artist": 1.0,
    }


def test_a_catalogue_by_hand() -> None:
    """Words and attributes that one item alone has are left out; an item without a row has no features."""
    result = item_features(_catalogue(), ItemIndex(["c", "b", "a", "unknown"]))
    assert result.names == (
        "attribute:cast=y",
        "attribute:studio=pixar",
        "genre:animation",
        "genre:comedy",
        "word:story",
        "year:1990",
        "year:2000",
    )
    assert_allclose(
        result.values.toarray(),
        [
            [1, 0, 0, 0, 0, 1, 0],
            [1, 1, 0, 1, 1, 0, 0],
            [0, 1, 1, 1, 1, 0.5, 0.5],
            [0, 0, 0, 0, 0, 0, 0],
        ],
    )
    assert result.values.dtype == np.float32


def test_a_vocabulary_knows_only_the_items_of_its_index() -> None:
    assert item_features(_catalogue(), ItemIndex(["c"])).names == ("year:1990",)


def test_the_order_of_the_rows_does_not_matter() -> None:
    items = ItemIndex(["a", "b", "c"])
    first, second = item_features(_catalogue(), items), item_features(_catalogue()[::-1], items)
    assert first.names == second.names
    assert_array_equal(first.values.toarray(), second.values.toarray())


def test_the_most_frequent_words_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "MOST_IN_GROUP", 2)
    titles = ["red sea", "red sea", "red fox", "blue fox", "blue"]
    frame = pd.DataFrame({"item_id": list("abcde"), "title": titles})
    assert item_features(frame, ItemIndex("abcde")).names == ("word:blue", "word:red")


def test_one_item_is_encoded_as_the_catalogue_was() -> None:
    result = item_features(_catalogue(), ItemIndex(["a", "b", "c"]))
    row = encode_item(result.vocabulary, "Toy Story", 1995, ["comedy", "Animation"], {"studio": "PIXAR"})
    assert_array_equal(row, result.values.toarray()[0])


def test_what_a_vocabulary_does_not_know_is_left_out() -> None:
    vocabulary = Vocabulary(("genre:comedy", "year:1990"))
    assert_allclose(encode_item(vocabulary, "Unheard", 1988, ["Western", "Comedy"]), [1.0, 0.8])


def test_people_by_hand() -> None:
    frame = pd.DataFrame(
        {"user_id": [1, 2], "age": [24, None], "gender": ["M", "F"], "occupation": [None, "writer"]}
    )
    result = user_features(frame, ["2", "9", "1"])
    assert result.names == ("age:18-24", "gender:f", "gender:m", "occupation:writer")
    assert_array_equal(result.values.toarray(), [[0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 1, 0]])
    assert_array_equal(encode_user(result.vocabulary, 18, "m", "king"), [1, 0, 1, 0])


def test_nothing_known_of_anybody() -> None:
    empty = item_features(pd.DataFrame({"item_id": ["a"]}), ItemIndex(["a", "b"]))
    assert (empty.names, empty.values.shape) == ((), (2, 0))
    assert Features.none(2).values.shape == (2, 0)


def test_a_vocabulary_through_its_array() -> None:
    vocabulary = Vocabulary(("genre:comédie", "word:🎬"))
    assert Vocabulary.from_array(vocabulary.to_array()) == vocabulary
    assert vocabulary.groups() == ("genre", "word")


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"[", b'["a:b", "a:b"]'])
def test_an_array_that_holds_no_vocabulary_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Vocabulary.from_array(np.frombuffer(content, dtype=np.uint8))


def test_names_and_columns_must_agree() -> None:
    with pytest.raises(ValueError, match="1 columns of features have 2 names"):
        Features(("a:1", "a:2"), Vocabulary(("a:1",)).encode_many([{}]))


def test_encoding_needs_no_pandas() -> None:
    encoding = "f.encode_item(f.Vocabulary(('word:a',)), 'A')"
    code = f"import sys, marquee.models.features as f; {encoding}; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
