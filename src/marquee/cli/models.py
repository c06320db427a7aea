"""`marquee models …`: the registered versions."""

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from marquee.cli.console import wide_console
from marquee.cli.database import open_database
from marquee.cli.reasons import Reason, shown, shown_if_any

if TYPE_CHECKING:  # at run time they come with the command: `--help` has no use for them
    from rich.console import Console

    from marquee.store.snapshots import SnapshotRecord
    from marquee.store.versions import ModelVersion
    from marquee.training.again import Repetition

app = typer.Typer(
    help="Model versions: list, show, compare, retrain, register, judge, review, archive.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
_MEGABYTE = 1_000_000
_METRICS = ("rmse", "mae", "precision", "recall", "ndcg")


@app.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """List the registered versions, newest first, with their figures on the temporal split.

    Example: marquee models list
    """
    from marquee.store import deployment, versions

    with open_database().connect() as connection:
        found, champion = versions.list_all(connection), deployment.get(connection).champion
    if as_json:
        typer.echo(json.dumps([_as_dict(version, champion) for version in found], indent=2, default=_as_text))
        return
    table = Table(
        "version", "number", "state", "trained through", "known RMSE", "known nDCG", "new nDCG", box=None
    )
    for version in found:
        figures = (("known", "rmse"), ("known", "ndcg"), ("new", "ndcg"))
        table.add_row(
            f"{version.version}{' (champion)' if version.version == champion else ''}",
            version.semantic_version,
            version.state,
            f"{version.trained_through:%Y-%m-%d}",
            *(_number(version.metrics.get(group, {}).get(metric)) for group, metric in figures),
        )
    wide_console().print(table if found else "There are no versions yet: `marquee train` makes one.")


@app.command()
def show(
    version: Annotated[int, typer.Argument(min=1, help="The registry's number.")], as_json: AsJson = False
) -> None:
    """Show one version: its recipe, what it was trained on, its figures, and what the gates said.

    Example: marquee models show 3
    """
    from marquee.store import deployment, snapshots, versions

    with open_database().connect() as connection:
        found, champion = versions.get(connection, version), deployment.get(connection).champion
        data = snapshots.get(connection, found.snapshot)
        alike = versions.of_snapshot(connection, found.snapshot)
    if as_json:
        traced = {"data": None if data is None else asdict(data), "versions_of_data": alike}
        typer.echo(json.dumps({**_as_dict(found, champion), **traced}, indent=2, default=_as_text))
        return
    console = wide_console()
    for name, value in (*_facts(found, champion), *_origins(found, data, alike)):
        console.print(f"{name + ':':<17}{value}", highlight=False, soft_wrap=True, markup=False)
    console.print(_figures(found.metrics))
    for gate in found.gates:
        mark = "passed" if gate["passed"] else "FAILED"
        console.print(f"gate {mark}: {gate['reason']}", highlight=False, soft_wrap=True, markup=False)


@app.command()
def compare(
    a: Annotated[int, typer.Argument(min=1, help="The registry's number of one.")],
    b: Annotated[int, typer.Argument(min=1, help="And of the other.")],
    as_json: AsJson = False,
) -> None:
    """Show two versions side by side: their figures, and what their recipes and data differ in.

    Example: marquee models compare 3 4
    """
    from marquee.lifecycle.side_by_side import compare as side_by_side

    with open_database().connect() as connection:
        found = side_by_side(connection, a, b)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    console = wide_console()
    figures = Table("figure", f"version {a}", f"version {b}", "difference", "better", box=None)
    for figure in found.figures:
        difference = "" if figure.difference is None else f"{figure.difference:+.4f}"
        better = {"a": f"version {a}", "b": f"version {b}", "neither": ""}[figure.better]
        figures.add_row(figure.name, _number(figure.a), _number(figure.b), difference, better)
    console.print(figures)
    console.print(found.note, highlight=False, soft_wrap=True, markup=False)
    for title, settings in (("recipe", found.recipe), ("data", found.data)):
        if not settings:
            console.print(f"{title}: the same")
            continue
        table = Table(title, f"version {a}", f"version {b}", box=None)
        for one in settings:
            table.add_row(one.name, escape(_said(one.a)), escape(_said(one.b)))
        console.print(table)


@app.command()
def retrain(
    version: Annotated[int, typer.Argument(min=1, help="The registry's number.")],
    to: Annotated[
        Path | None, typer.Option(help="The folder to make. [default: outputs/version-VERSION]")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Of the linear algebra; trainings use 1.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train a version again, from its manifest's recipe and its snapshot, and compare every file.

    With the same release, libraries and threads, on a machine of the same kind, the files are the same to
    the byte. Nothing is registered: it is the same model. To train something new on old data, use
    `marquee data checkout`.

    Exit codes: 0 the files are the same; 1 some differ; 4 the version or its data is not there.

    Example: marquee models retrain 3
    """
    from marquee.settings import load_settings
    from marquee.training.again import train_again

    settings = load_settings()
    # Python would act on Ctrl-C only when the descent, many seconds in compiled code, returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    console = wide_console(stderr=as_json)
    done = train_again(
        open_database(),
        settings.home,
        settings.mlflow(),
        version,
        to or Path("outputs") / f"version-{version}",
        threads=threads,
        say=lambda line: console.print(line, highlight=False, soft_wrap=True, markup=False),
    )
    if as_json:
        typer.echo(json.dumps(done.to_dict(), indent=2))
    else:
        _say_whether_same(console, done)
    if not done.same:
        raise typer.Exit(1)


@app.command()
def register(
    folder: Annotated[
        Path, typer.Argument(help="A bundle, such as bundle_from_arrays makes.", exists=True, file_okay=False)
    ],
    reason: Annotated[str, typer.Option(help="Why; it stands in the run, and in the audit.", callback=shown)],
    deploy: Annotated[
        bool,
        typer.Option(
            "--deploy", help="Make it the champion, whatever the gates say, if the policy lets you."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register a bundle that was made elsewhere as the next version.

    It is verified, and judged as it is beside the champion's bundle, on ratings newer than any that either
    has learnt from. Where there are too few of those it is a candidate; else validated or rejected. It never
    serves by itself.

    Exit codes: 0 a version was registered, deployed or not; 2 the platform has none of its items; 5 the
    champion changed meanwhile; 6 policy.yaml lets nobody deploy it while another serves; 8 a file is not what
    the manifest says; else the error's own.

    Example: marquee models register outputs/my-model --reason "BPR of the notebook" --deploy
    """
    from marquee.cli.following import whoami
    from marquee.settings import load_settings
    from marquee.training.importing import import_bundle
    from marquee.training.job import Order, context_of

    settings = load_settings()
    console = wide_console(stderr=as_json)
    order = Order("command line", whoami(), reason, deploy=deploy)
    done = import_bundle(
        context_of(settings, open_database(settings), order),
        folder,
        lambda line, _share: console.print(line, highlight=False, soft_wrap=True, markup=False),
    )
    if as_json:
        typer.echo(json.dumps(done.to_dict(), indent=2))
        return
    outcome = "the champion." if done.deployed else f"{done.state}. {done.note}"
    typer.echo(f"Version {done.version} ({done.semantic_version}) is {outcome}")


@app.command()
def judge(
    version: Annotated[int, typer.Argument(min=1, help="The number of a candidate.")],
    deploy: Annotated[
        bool,
        typer.Option(
            "--deploy", help="Make it the champion, whatever the gates say, if the policy lets you."
        ),
    ] = False,
    reason: Annotated[
        str, typer.Option(help="Why; it stands in the audit. Needed with --deploy.", callback=shown_if_any)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Judge a candidate again: at its registration there was nothing to compare it by.

    It is judged as it is beside the champion's bundle, on ratings newer than any that either has learnt
    from, and becomes validated or rejected. Where there are still too few of those it stays a candidate.

    Exit codes: 0 it was judged, whatever came of it, or stays a candidate; 2 it is to be deployed without a
    reason; 4 there is no such version; 5 it is no candidate, or the champion changed meanwhile; 6 policy.yaml
    lets nobody deploy it while another serves.

    Example: marquee models judge 4
    """
    from marquee.cli.following import whoami
    from marquee.settings import load_settings
    from marquee.training.job import Order, context_of
    from marquee.training.rejudging import judge_version

    settings = load_settings()
    console = wide_console(stderr=as_json)
    order = Order("command line", whoami(), reason, deploy=deploy)
    done = judge_version(
        context_of(settings, open_database(settings), order),
        version,
        lambda line, _share: console.print(line, highlight=False, soft_wrap=True, markup=False),
    )
    if as_json:
        typer.echo(json.dumps(done.to_dict(), indent=2))
        return
    outcome = "the champion." if done.deployed else f"{done.state}. {done.note}"
    typer.echo(f"Version {done.version} is {outcome}")


@app.command()
def archive(
    version: Annotated[int, typer.Argument(min=1, help="One that was rejected, declined or retired.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Put a version away for good; its card, its figures and the audit stay.

    Exit codes: 0 done; 2 no reason; 4 no such version; 5 its state does not allow it.

    Example: marquee models archive 2 --reason "superseded"
    """
    from marquee.cli.following import whoami
    from marquee.lifecycle.retirement import archive as put_away

    put_away(open_database(), version, actor=f"shell:{whoami()}", reason=reason)
    said = {"version": version, "state": "archived"}
    typer.echo(json.dumps(said, indent=2) if as_json else f"Version {version} is archived.")


def _say_whether_same(console: "Console", done: "Repetition") -> None:
    if done.same:
        line = f"{done.folder}: all {done.files} files are those of version {done.version}, to the byte."
    else:
        line = (
            f"{done.folder}: {len(done.differing)} of {done.files} files differ: {', '.join(done.differing)}."
        )
    console.print(line, highlight=False, soft_wrap=True, markup=False)
    for name, (then, now) in done.libraries.items():
        console.print(f"{name} was {then}, and is {now}.", highlight=False, soft_wrap=True, markup=False)


def _as_dict(version: "ModelVersion", champion: int | None) -> dict[str, object]:
    return {**asdict(version), "champion": version.version == champion}


def _facts(version: "ModelVersion", champion: int | None) -> list[tuple[str, str]]:
    serves = ", the champion" if version.version == champion else ""
    recipe = [
        f"{role}: {algorithm} {json.dumps(version.hyperparameters.get(role, {}))}"
        for role, algorithm in version.algorithms.items()
    ]
    return [
        ("version", f"{version.version} ({version.semantic_version}), {version.state}{serves}"),
        ("registered", f"{version.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("trained through", f"{version.trained_through:%Y-%m-%d %H:%M:%S} UTC"),
        ("snapshot", version.snapshot),
        ("MLflow run", version.run_id),
        *(("recipe", line) for line in recipe),
    ]


def _origins(
    version: "ModelVersion", data: "SnapshotRecord | None", alike: Sequence[int]
) -> Iterator[tuple[str, str]]:
    """What it was made of, by whom, and on what."""
    if data is not None:
        span = f"{data.first_rated_at:%Y-%m-%d} to {data.trained_through:%Y-%m-%d}"
        yield (
            "data",
            f"{data.ratings:,} ratings, {data.users:,} people, {data.items:,} items; rated {span}",
        )
    others = [str(number) for number in alike if number != version.version]
    if others:
        yield "same data", f"version {', '.join(others)}"
    if version.requested_by:
        yield "asked for by", version.requested_by
    facts = version.facts
    if "bundle_bytes" in facts:
        yield "bundle", f"{facts['bundle_bytes'] / _MEGABYTE:.1f} MB in {len(facts['files'])} files"
    if "training_seconds" in facts:
        yield "training", f"{facts['training_seconds']:.1f} s, seed {facts['seed']}"
    if "code_version" in facts:
        environment = facts.get("environment", {})
        on = f", Python {environment['python']}, {environment['platform']}" if "python" in environment else ""
        yield "code", f"{facts['code_version']}{on}"


def _said(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _as_text(value: object) -> str:
    """What JSON has no form for: moments."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _figures(metrics: Mapping[str, Any]) -> Table:
    table = Table("people", *_METRICS, "ratings", box=None)
    for name, groups in (("", metrics), ("baselines, ", metrics.get("baselines", {}))):
        for group in ("known", "new"):
            figures = groups.get(group, {})
            table.add_row(
                name + group,
                *(_number(figures.get(metric)) for metric in _METRICS),
                str(figures.get("ratings", "")),
            )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
