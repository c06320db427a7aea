"""Bringing a public data set to `data/raw`, from its makers or from a package that carries it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from marquee.data.download import Archive
from marquee.data.progress import OnProgress, unheard
from marquee.data.rejects import RejectLog
from marquee.data.sources import locate
from marquee.data.tables import read_tables
from marquee.data.tidy import (
    FILES,
    ITEMS,
    RATINGS,
    USERS,
    read_hashes,
    sha256,
    tidy,
    write_file,
    write_folder,
)
from marquee.data.wheel import PackagedFiles
from marquee.domain.errors import DataError, Unavailable
from marquee.settings import RatingScale

Source = Archive | PackagedFiles


@dataclass(frozen=True, slots=True)
class PublicData:
    """A data set that anybody may fetch, and by what its content is known.

    Attributes:
        name: of the folder under `data/raw`.
        scale: its stars.
        sources: where to look, in this order.
        sha256: of each file in the tidy form (`tidy.tidy`).
        trusted: SHA-256 of files as a source has them, which vouch for the tidy file made of them.
        terms: under which it may be used.
    """

    name: str
    scale: RatingScale
    sources: Sequence[Source]
    sha256: Mapping[str, str]
    trusted: Mapping[str, str]
    terms: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where a data set is now; `fetched` is False when it already was there, whole."""

    path: Path
    source: str
    fetched: bool


# Where the hashes come from: the wheel's files in the tidy form. GroupLens' u.data, whose SHA-256 is widely
# published (06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490), is byte for byte the wheel's
# ml-100k.inter without its header, and u.user is ml-100k.user with other delimiters: one hash holds for
# either source. The wheel's titles, years and genres were converted from u.item (two rows wrongly: see
# `wheel.mended`), so that u.item as GroupLens has it vouches for itself too.
ML_100K = PublicData(
    name="ml-100k",
    scale=RatingScale(min=1.0, max=5.0, step=1.0),
    sources=(
        Archive("https://files.grouplens.org/datasets/movielens/ml-100k.zip", ("u.data", "u.item", "u.user")),
        PackagedFiles(
            "recbole==1.2.1",
            "recbole/dataset_example/ml-100k/",
            ("ml-100k.inter", "ml-100k.item", "ml-100k.user"),
        ),
    ),
    sha256={
        RATINGS: "3c46eff2d044a58a152de9ed65c845918abc54381ffb0cea52c4618039e45dc7",
        ITEMS: "e946edc1684a1bcb7b23f4fe74ec1d23b977bd595ac16db0618b05819dd148a3",
        USERS: "622b4db434678aa6519524a67b60fe4bd57303f11dc3f12c9ba66e6227da660a",
    },
    trusted={ITEMS: "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701"},
    terms=(
        "MovieLens data of GroupLens Research at the University of Minnesota: for research, to be "
        "acknowledged, not to be redistributed, and not for commercial use without permission. "
        "F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015, "
        "doi:10.1145/2827872."
    ),
)
PUBLIC_DATA: Mapping[str, PublicData] = {ML_100K.name: ML_100K}


def fetch_ml_100k(data_dir: Path, on_progress: OnProgress = unheard) -> Fetched:
    """Bring MovieLens 100K to `<data_dir>/raw/ml-100k`; see `fetch`."""
    return fetch(ML_100K, data_dir, on_progress)


def fetch(data: PublicData, data_dir: Path, on_progress: OnProgress = unheard) -> Fetched:
    """Bring a data set to `<data_dir>/raw/<name>` as ratings.csv, items.csv and users.csv.

    What is there already is checked against its hashes, and kept when it is whole. Otherwise each
    source is tried in turn; a content that is not what it should be is never written. Beside the
    folder, `<name>.source.json` says where the data came from and on which terms.

    Raises:
        Unavailable: no source gave the data; the message says why, source by source.
        ConfigurationError: the folder cannot be written.
    """
    folder = data_dir / "raw" / data.name
    provenance = data_dir / "raw" / f"{data.name}.source.json"
    recorded = _recorded(provenance)
    if _whole(folder, data, recorded):
        return Fetched(folder, str(recorded.get("source", "a file already here")), fetched=False)
    refusals = []
    for source in data.sources:
        try:
            files = _files_from(source, data, on_progress)
        except (Unavailable, DataError) as error:
            refusals.append(f"{source.name}: {error.message}")
            continue
        write_folder(folder, files)
        write_file(provenance, _provenance(source, data, files))
        return Fetched(folder, source.name, fetched=True)
    raise Unavailable(
        f"{data.name} could not be fetched. {' '.join(refusals)}",
        hint=f"Try again later, or put {', '.join(FILES)} into {folder} by hand.",
    )


def _whole(folder: Path, data: PublicData, recorded: Mapping[str, object]) -> bool:
    """Whether the three files are there with the hashes they should have."""
    there = read_hashes(folder)
    said = recorded.get("sha256")
    vouched = said if isinstance(said, dict) else {}
    return all(
        name in there
        and (there[name] == data.sha256[name] or (name in data.trusted and there[name] == vouched.get(name)))
        for name in FILES
    )


def _recorded(provenance: Path) -> Mapping[str, object]:
    """What was written when the data came; nothing when the file is missing or broken."""
    try:
        content = json.loads(provenance.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _files_from(source: Source, data: PublicData, on_progress: OnProgress) -> dict[str, bytes]:
    """A source's data in the tidy form.

    Raises:
        Unavailable: out of reach.
        DataError: its content is not that of the data set.
    """
    with tempfile.TemporaryDirectory(prefix="marquee-fetch-") as folder:
        raw = source.bring(Path(folder), on_progress)
        files = _tidied(Path(folder), data)
    for name in FILES:
        vouched = name in data.trusted and data.trusted[name] in raw.values()
        if sha256(files[name]) != data.sha256[name] and not vouched:
            raise DataError(f"its {name} is not that of {data.name} (SHA-256 {sha256(files[name])}).")
    return files


def _tidied(folder: Path, data: PublicData) -> dict[str, bytes]:
    with RejectLog() as rejects:
        tables = read_tables(locate(folder), data.scale, datetime.now(UTC), rejects, unheard)
    if len(rejects) or not (tables.ratings and tables.items and tables.users):
        raise DataError(f"its files are not whole: {dict(rejects.by_reason) or 'some are missing'}.")
    return tidy(tables.ratings.frame(), tables.items.by_id.values(), tables.users.by_id.values())


def _provenance(source: Source, data: PublicData, files: Mapping[str, bytes]) -> bytes:
    facts = {
        "name": data.name,
        "source": source.name,
        "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": {name: sha256(content) for name, content in files.items()},
        "terms": data.terms,
    }
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()
