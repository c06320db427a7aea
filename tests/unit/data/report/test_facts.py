"""Figures of the report, worked out by hand."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marquee.data.quality import check_quality
from marquee.data.report.facts import item_counts, newcomer_share, rating_facts
from marquee.data.report.findings import all_findings
from marquee.data.report.frames import Frames, gini, read_frames
from marquee.data.report.ratings import activity, growth, long_tail, sparsity, stars
from marquee.data.report.report import make_report
from marquee.data.report.sections import all_sections, duplicates, missing, outliers
from marquee.domain.errors import DataError
from marquee.reporting.model import Number, Plot, Section, Table
from marquee.reporting.render import to_html
from marquee.settings import RatingScale
from tests.support.data_files import write
from tests.support.ratings import checkerboard, frame_of

NOW = datetime(2000, 1, 1, tzinfo=UTC)
STARS = RatingScale(min=1, max=5, step=1)


def frames(ratings: pd.DataFrame, *unrated: str, genres: object = ("Drama",)) -> Frames:
    items = sorted({*ratings["item_id"], *unrated})
    users = sorted(set(ratings["user_id"]))
    return Frames(
        ratings,
        pd.DataFrame(
            {
                "item_id": items,
                "title": [f"The {item}" for item in items],
                "year": pd.array([1990] * len(items), dtype="Int64"),
                "genres": [list(genres) for _ in items],  # type: ignore[call-overload]
            }
        ),
        pd.DataFrame(
            {
                "user_id": users,
                "age": pd.array([30] * len(users), dtype="Int64"),
                "gender": ["F"] * len(users),
                "occupation": [None] * len(users),
            }
        ),
        "a test",
        {},
    )


def plots(section: Section) -> list[Plot]:
    return [block for block in section.blocks if isinstance(block, Plot)]


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def texts(table: Table) -> list[tuple[str, ...]]:
    """Cells as they are read."""
    return [tuple(cell if isinstance(cell, str) else cell.text for cell in row) for row in table.rows]


def value(cell: object) -> float:
    assert isinstance(cell, Number)
    assert cell.value is not None
    return cell.value


SMALL = frames(
    frame_of(
        ("ann", "a", 5, 10),
        ("ann", "b", 3, 20),
        ("bob", "a", 4, 30),
        ("cid", "a", 5, 40),
        ("dee", "b", 1, 50),
    ),
    "c",
)


def test_gini_is_0_for_equals_and_grows_with_one_who_has_all() -> None:
    assert gini(np.array([3, 3, 3])) == 0.0
    assert gini(np.array([0, 0, 0, 4])) == 0.75  # (n - 1) / n
    assert gini(np.array([1, 3])) == 0.25  # |1 - 3| * 2 / (2 * 4 * 2)
    assert gini(np.array([0, 0])) == 0.0


def test_items_that_nobody_rated_count() -> None:
    assert item_counts(SMALL).tolist() == [3, 2, 0]
    assert SMALL.matrix_share == 5 / 12


def test_newcomers_are_those_without_older_ratings() -> None:
    assert newcomer_share(SMALL, 0.4) == 1.0  # of cid and dee
    back = frames(
        frame_of(("ann", "a", 5, 10), ("bob", "a", 4, 20), ("ann", "b", 3, 30), ("eve", "b", 1, 40))
    )
    assert newcomer_share(back, 0.5) == 0.5


def test_stars_are_counted() -> None:
    (plot,) = plots(stars(SMALL))
    assert texts(plot.table) == [
        ("1", "1", "20.0%"),
        ("3", "1", "20.0%"),
        ("4", "1", "20.0%"),
        ("5", "2", "40.0%"),
    ]
    assert (plot.series[0].x, plot.series[0].y) == (("1", "3", "4", "5"), (1, 1, 1, 2))


def test_activity_is_cut_into_ranges() -> None:
    (series,) = plots(activity(SMALL))[0].series
    assert (series.x, series.y) == (("1", "2+"), (3, 1))


def test_the_long_tail_says_what_the_top_holds() -> None:
    (plot,) = plots(long_tail(SMALL))
    rows = {row[0]: row[2] for row in texts(plot.table)}
    assert rows["50%"] == "100%"  # two of three items have all
    assert rows["10%"] == "60%"  # the first of them has three of five


def test_the_matrix_is_densest_in_its_first_corner() -> None:
    section = sparsity(SMALL)
    assert "41.67% of the 12 pairs" in str(section.blocks[0])
    shares = [value(row[1]) for row in plots(section)[0].table.rows]
    assert shares[0] == max(shares)


def test_growth_counts_every_rating_and_every_person_once() -> None:
    rows = plots(growth(SMALL))[0].table.rows
    assert sum(value(row[1]) for row in rows) == 5
    assert sum(value(row[2]) for row in rows) == 4


def test_missing_values_are_counted_and_an_empty_list_is_missing() -> None:
    bare = frames(SMALL.ratings, genres=())
    rows = {row[0]: row[1] for row in texts(plots(missing(bare))[0].table)}
    assert (rows["items.genres"], rows["users.occupation"], rows["items.title"]) == ("2", "4", "0")


def test_duplicates_are_found() -> None:
    twice = frames(pd.concat([SMALL.ratings, SMALL.ratings.head(1)], ignore_index=True))
    assert texts(tables(duplicates(twice))[0])[1][1] == "1"


def test_somebody_who_rates_far_more_is_an_outlier() -> None:
    one = [("max", f"i{n}", 3.0, n) for n in range(60)]
    others = [(f"u{n}", "i0", 4.0, n) for n in range(10)]
    section = outliers(frames(frame_of(*one, *others)))
    rows = [row[1:] for row in texts(plots(section)[0].table)]
    assert rows[0] == ("1", "11")
    assert rows[1] == ("1", "1")  # all the same stars


def test_correlations_are_of_facts_that_vary() -> None:
    facts = rating_facts(SMALL)
    assert list(facts.columns) == ["stars", "activity", "popularity", "time"]
    assert facts["popularity"].tolist() == [3, 2, 3, 3, 2]


def test_findings_come_from_the_data() -> None:
    def titles(of: Frames) -> set[str]:
        quality = check_quality(of.ratings, of.items, of.users, STARS, NOW)
        return {finding.title for finding in all_findings(of, quality, STARS)}

    board = frames(checkerboard(left_out=0.0))
    assert "The matrix is sparse" not in titles(board)
    assert "Some items have no genre" not in titles(board)
    thin = frames(checkerboard(left_out=0.9), genres=())
    assert {"The matrix is sparse", "Some items have no genre"} <= titles(thin)
    broken = frames(SMALL.ratings.assign(rating=9.0))
    assert "The check rating_on_scale fails" in titles(broken)
    assert "The data is sound" not in titles(broken)


def test_one_rating_is_enough_for_a_report() -> None:
    one = frames(frame_of(("ann", "a", 5, 10)))
    quality = check_quality(one.ratings, one.items, one.users, STARS, NOW)
    assert len(list(all_sections(one, quality))) == 13
    assert all_findings(one, quality, STARS)
    page = to_html(make_report(one, STARS, NOW))
    assert "Fewer than two facts of a rating vary" in page


def test_files_are_read_with_items_and_people_that_only_ratings_name(tmp_path: Path) -> None:
    write(
        tmp_path / "ratings.csv",
        "user_id,item_id,rating,timestamp\nann,a,5,10\nann,a,4,20\nbob,b,9,30\nbob,c,1,40\n",
    )
    write(tmp_path / "items.csv", "item_id,title,year,genres\na,The a,1990,Drama\n")
    read = read_frames(tmp_path, STARS)
    assert read.items["item_id"].tolist() == ["a", "c"]
    assert read.users["user_id"].tolist() == ["ann", "bob"]
    assert (read.replaced, sum(read.rejected.values())) == (1, 1)


def test_files_without_ratings_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "ratings.csv", "user_id,item_id,rating,timestamp\n")
    with pytest.raises(DataError):
        read_frames(tmp_path, STARS)
