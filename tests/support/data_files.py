"""Reading small made-up data files as `marquee data load` does, without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from marquee.data.layout import FOUND_OUT, Columns
from marquee.data.progress import unheard
from marquee.data.rejects import Reject, RejectLog
from marquee.data.sources import locate
from marquee.data.tables import ANY_ITEM, Catalogue, Tables, read_tables
from marquee.domain.columns import RATING_COLUMNS
from marquee.settings import RatingScale

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCALE = RatingScale(min=0.5, max=5.0, step=0.5)

# MovieLens 100K's shape with three films: the second is in Latin-1, the third says nothing.
U_DATA = "7\t1\t4\t881250949\n7\t2\t3\t881250950\n8\t1\t5\t881250951\n"
U_ITEM = (
    "1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    "2|Cérémonie, La (1995)|01-Jan-1995||http://us.imdb.com/y|0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0\n"
    "3|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
)
U_USER = "7|24|M|technician|85711\n8|53|F|other|94043\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tables, and everything that was rejected."""

    tables: Tables
    rejects: list[Reject]

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """The good ratings as (user, item, stars, seconds)."""
        assert self.tables.ratings is not None
        frame = self.tables.ratings.frame()
        return list(zip(*(frame[name].tolist() for name in RATING_COLUMNS), strict=True))

    @property
    def everything(self) -> tuple[object, ...]:
        """What can be compared."""
        return self.rows, self.tables.items, self.tables.users, self.rejects

    @property
    def faults(self) -> list[tuple[int, str, str]]:
        """Rejects as (line, field, reason)."""
        return [(reject.line, reject.field, reject.reason) for reject in self.rejects]


class KeptRejects(RejectLog):
    """A log that remembers every reject."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Reject] = []

    def add(self, rejects: "list[Reject]") -> None:
        self.all += rejects
        super().add(rejects)


def write(path: Path, content: str | bytes) -> Path:
    """A file with exactly these bytes (a str is UTF-8)."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ml_100k(folder: Path) -> Path:
    """A folder in MovieLens 100K's form."""
    folder.mkdir(exist_ok=True)
    write(folder / "u.data", U_DATA)
    write(folder / "u.item", U_ITEM.encode("latin-1"))
    write(folder / "u.user", U_USER)
    return folder


def read(
    path: Path | None,
    columns: Columns = FOUND_OUT,
    *,
    items: Path | None = None,
    users: Path | None = None,
    catalogue: Catalogue = ANY_ITEM,
) -> Outcome:
    """Read and check everything at a path."""
    with KeptRejects() as rejects:
        tables = read_tables(locate(path, columns, items, users), SCALE, NOW, rejects, unheard, catalogue)
    return Outcome(tables, rejects.all)


def read_text(folder: Path, content: str | bytes, columns: Columns = FOUND_OUT) -> Outcome:
    """Read a ratings file with this content."""
    return read(write(folder / "mine.csv", content), columns)
