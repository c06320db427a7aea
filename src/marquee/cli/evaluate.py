"""`marquee evaluate`: recipes trained, judged and compared under named protocols."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from marquee.domain.counting import counted
from marquee.domain.errors import InvalidInput
from marquee.settings import MlflowConnection, Settings, load_params, load_policy, load_serving, load_settings

if TYPE_CHECKING:  # at run time they come with the command: `--help` has no use for them
    from sqlalchemy import Engine

    from marquee.reporting.evaluation import Evaluation
    from marquee.reporting.render import Written
    from marquee.training.evaluation.data import Source
    from marquee.training.evaluation.run import OnStep, Plan

GATE_FAILED = 11
_HEADLINES = ("rmse", "auc", "ndcg", "recall")


def evaluate(
    compare: Annotated[
        list[str] | None,
        typer.Option(
            help="champion, a version's number, baselines, a params.yaml, or RATING+RANKING as in svd+ease. "
            "Again for each rival; the first is the candidate. [default: params.yaml, baselines]"
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Among temporal, holdout75, cv5, coldstart, with commas between.")
    ] = "temporal",
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder of `marquee data prepare`, or a raw data set. [default: what the platform holds]",
            exists=True,
        ),
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="A gate of policy.yaml that must be passed: GROUP.METRIC; again for more. [default: all]"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The report's folder.", file_okay=False)] = Path("outputs/report"),
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also train the candidate on less data, and on noise.")
    ] = False,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="Also try hyperparameters: ranking.regularization=100,300; again for more."),
    ] = None,
    no_cost: Annotated[
        bool, typer.Option("--no-cost", help="Measure no training time, memory and latency.")
    ] = False,
    no_mlflow: Annotated[bool, typer.Option("--no-mlflow", help="Write nothing to MLflow.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train recipes on the training side of each protocol's split, judge them on the rest, and compare them.

    Every contender is trained anew, here, on the same rows: a registered model is never judged by ratings
    that it was trained on. The report goes to OUT/report.html and OUT/report.md, and to MLflow's experiment
    marquee-evaluation. Gates compare the first contender with the second, under temporal.

    Exit codes: 0 done, every gate passed; 11 done, a gate failed; else the error's own.

    Example: marquee evaluate --compare champion --compare baselines --protocol temporal,holdout75
    """
    settings = load_settings()
    mlflow = None if no_mlflow else _reachable(settings)
    started_at = datetime.now(UTC)
    with _progress(quiet=as_json) as on_step:
        source, plan = _prepare(settings, compare, protocol, data, gate, on_step)
        plan = replace(plan, costs=not no_cost, sensitivity=sensitivity, changes=grid or [])
        found, written = _evaluated(source, plan, out, on_step)
        run_id = _log(mlflow, found, source, plan, out, started_at, on_step) if mlflow else None
    if as_json:
        typer.echo(json.dumps(_as_dict(found, written, run_id), indent=2))
    else:
        _print(found, written, run_id)
    if found.failed:
        raise typer.Exit(GATE_FAILED)


def _reachable(settings: Settings) -> MlflowConnection:
    """The MLflow server, asked once before the long work rather than found missing after it."""
    from marquee.registry.client import RegistryClient

    connection = settings.mlflow()
    with RegistryClient(connection) as client:
        client.ping()
    return connection


def _prepare(
    settings: Settings,
    compare: Sequence[str] | None,
    protocol: str,
    data: Path | None,
    gate: Sequence[str] | None,
    on_step: "OnStep",
) -> "tuple[Source, Plan]":
    from marquee.evaluation.contest import Rules
    from marquee.training.evaluation.contenders import entries
    from marquee.training.evaluation.data import of_folder, of_platform
    from marquee.training.evaluation.run import GATED, Plan, chosen_gates, rival_of

    params_path = settings.configs_dir / "params.yaml"
    params = load_params(params_path)
    serving = load_serving(settings.configs_dir / "serving.yaml")
    protocols = _protocols(protocol)
    if gate and GATED not in protocols:
        raise InvalidInput(f"Gates are judged under {GATED}.", hint=f"Add {GATED} to --protocol.")
    policy = load_policy(settings.configs_dir / "policy.yaml")
    engine = _engine(settings)
    words = compare or [str(params_path), "baselines"]
    if gate and len(words) < 2:
        raise InvalidInput("A gate needs a rival.", hint="Give --compare twice.")
    found = entries(words, params, engine)
    gates = chosen_gates(policy.gates.quality, gate or [], rival_of(found))
    on_step("Reading the data", 0.0)
    source = (
        of_platform(engine(), settings.home, params.data.name, serving.feedback)
        if data is None
        else of_folder(data, serving.rating_scale)
    )
    if source.left_out:
        on_step(
            f"Left out: {counted(source.left_out, 'row')}; `marquee data load {source.path}` says why", None
        )
    rules = Rules(serving, k=params.evaluation.k)
    return source, Plan(found, protocols, gates, rules, params.evaluation.test_share)


def _protocols(words: str) -> list[str]:
    from marquee.evaluation.protocols import PROTOCOLS

    names = list(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    for name in names:
        if name not in PROTOCOLS:
            raise InvalidInput(f"There is no protocol {name!r}.", hint=f"There are {', '.join(PROTOCOLS)}.")
    if not names:
        raise InvalidInput("No protocol is named.", hint=f"There are {', '.join(PROTOCOLS)}.")
    return names


def _engine(settings: Settings) -> "Callable[[], Engine]":
    def connected() -> "Engine":
        from marquee.store.engine import connect

        return connect(settings.database(), application_name="marquee-evaluate")

    return connected


def _evaluated(source: "Source", plan: "Plan", out: Path, on_step: "OnStep") -> "tuple[Evaluation, Written]":
    from marquee.reporting.evaluation import evaluation_report
    from marquee.reporting.render import write_report
    from marquee.training.evaluation.run import evaluate as evaluate_plan

    found = evaluate_plan(source, plan, on_step)
    on_step("Drawing the report", None)
    return found, write_report(evaluation_report(found), out)


def _log(
    mlflow: MlflowConnection,
    found: "Evaluation",
    source: "Source",
    plan: "Plan",
    out: Path,
    started_at: datetime,
    on_step: "OnStep",
) -> str:
    from marquee.cli.following import whoami
    from marquee.registry.runs import TrackingClient
    from marquee.training.evaluation.record import evaluation_record

    on_step("Writing the report to MLflow", None)
    record = evaluation_record(found, source, plan, out, started_at, whoami())
    return TrackingClient(mlflow).log_evaluation(record)


def _print(found: "Evaluation", written: "Written", run_id: str | None) -> None:
    console = Console()
    for assessment in found.assessments.values():
        console.print(_summary(found, assessment.protocol))
    for gate in found.gates:
        mark = "passed" if gate.passed else "FAILED"
        console.print(f"gate {mark}: {gate.reason}", highlight=False, soft_wrap=True, markup=False)
    console.print(
        f"report: {written.html} and {written.markdown}", highlight=False, soft_wrap=True, markup=False
    )
    if run_id is not None:
        console.print(f"MLflow run: {run_id}", highlight=False, soft_wrap=True, markup=False)


def _summary(found: "Evaluation", protocol: str) -> Table:
    from marquee.reporting.evaluation import number, title

    assessment = found.assessments[protocol]
    shown = [
        name
        for name in _HEADLINES
        if any(name in figures for one in assessment.found.values() for figures in one.figures.values())
    ]
    table = Table(
        "contender", "people", *(title(name, assessment.k) for name in shown), title=protocol, box=None
    )
    for who, one in assessment.found.items():
        for group in assessment.groups:
            figures = [number(name, one.figures[group].get(name)) for name in shown]
            cells = [f"{figure.text} [dim]{figure.interval}[/dim]" for figure in figures]
            table.add_row(escape(who), group, *cells)
    return table


def _as_dict(found: "Evaluation", written: "Written", run_id: str | None) -> dict[str, object]:
    return {
        "candidate": found.candidate,
        "figures": {
            protocol: {
                who: {
                    group: {name: asdict(figure) for name, figure in figures.items()}
                    for group, figures in one.figures.items()
                }
                for who, one in assessment.found.items()
            }
            for protocol, assessment in found.assessments.items()
        },
        "tests": {name: [asdict(test) for test in one.tests] for name, one in found.assessments.items()},
        "gates": [asdict(gate) for gate in found.gates],
        "report": {"html": str(written.html), "markdown": str(written.markdown), "json": str(written.json)},
        "mlflow_run": run_id,
    }


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[OnStep]":
    """A bar on standard error, for people; where nobody watches, a line a step, or with `quiet` nothing."""
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting", total=1.0)

        def on_step(line: str, share: float | None) -> None:
            if not console.is_terminal:
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            bar.update(task, description=escape(line))
            if share is not None:
                bar.update(task, completed=share)

        yield on_step
