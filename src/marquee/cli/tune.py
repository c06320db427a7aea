"""`marquee tune`: hyperparameters sought on validation data."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from marquee.domain.errors import InvalidInput
from marquee.settings import load_params, load_serving, load_settings, load_tuning

if TYPE_CHECKING:  # at run time they come with the command: `--help` has no use for them
    from marquee.settings.tuning import Role
    from marquee.training.tuning.run import OnTrial, Quest, Tuned
    from marquee.training.tuning.study import TrialRecord

INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended


class SamplerName(StrEnum):
    tpe = "tpe"
    random = "random"
    grid = "grid"


def tune(
    rating: Annotated[str | None, typer.Option(help="Tune this algorithm of stars, such as svd.")] = None,
    ranking: Annotated[str | None, typer.Option(help="Tune this algorithm of order, such as ease.")] = None,
    sampler: Annotated[SamplerName, typer.Option(help="How the next values are chosen.")] = SamplerName.tpe,
    trials: Annotated[int, typer.Option(min=1, help="How many the study is to have in all.")] = 50,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds, after which no further trial begins.")
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(help="Its name; one that is there goes on. [default: ALGORITHM-SAMPLER]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the sampler.")] = 0,
    outputs: Annotated[Path, typer.Option(help="The folder for the table and the pictures.")] = Path(
        "outputs"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Search for better hyperparameters of one algorithm, in the ranges of configs/tuning.yaml.

    A trial is judged on validation folds that are older than every test rating: the test stays unseen. Each
    trial is a run in MLflow below its study's. A study that was stopped, by Ctrl-C or by a crash, goes on
    when the command is given again. Without --rating and --ranking the rating algorithm of
    configs/params.yaml is tuned.

    Exit codes: 0 the study has its trials, or its time is up; 130 Ctrl-C; 5 another process works on it, or
    it is about something else; else the error's own.

    Example: marquee tune --ranking ease --sampler grid --trials 20
    """
    from marquee.cli.following import whoami
    from marquee.store.engine import connect
    from marquee.training.tuning.run import Quest, TuningContext
    from marquee.training.tuning.run import tune as carry_on

    if rating is not None and ranking is not None:
        raise InvalidInput(
            "A study tunes one algorithm.", hint="Give --rating or --ranking, and run it twice."
        )
    settings = load_settings()
    params = load_params(settings.configs_dir / "params.yaml")
    role: Role = "ranking" if ranking is not None else "rating"
    algorithm = rating or ranking or params.rating.algorithm
    limit = None if timeout is None else timedelta(seconds=timeout)
    name = study or f"{algorithm}-{sampler}"
    quest = Quest(name, role, algorithm, sampler.value, seed, trials, limit)
    engine = connect(settings.database(), application_name="marquee-tune")
    console = Console(stderr=as_json)
    try:
        context = TuningContext(
            engine=engine,
            home=settings.home,
            outputs=outputs,
            mlflow=settings.mlflow(),
            params=params,
            tuning=load_tuning(settings.configs_dir / "tuning.yaml"),
            serving=load_serving(settings.configs_dir / "serving.yaml"),
            requested_by=whoami(),
        )
        with _progress(console, quest) as on_trial:
            tuned = carry_on(context, quest, on_trial, lambda line: _say(console, line))
    finally:
        engine.dispose()
    if as_json:
        typer.echo(json.dumps(tuned.to_dict(), indent=2))
    else:
        _print(console, tuned)
    if tuned.interrupted:
        _say(Console(stderr=True), f"Stopped. The same command goes on with the study {name}.")
        raise typer.Exit(INTERRUPTED)


def _print(console: Console, tuned: "Tuned") -> None:
    findings = tuned.findings
    ended = ", ".join(f"{count} {state}" for state, count in findings.counts().items())
    _say(console, f"{findings.name}: {ended} trials, MLflow run {tuned.mlflow_run_id}")
    for path, share in findings.importances.items():
        _say(console, f"  {share:4.0%} of the differences by {path}")
    _say(console, f"Written: {', '.join(str(file) for file in tuned.files)}")
    if findings.best is None:
        _say(console, "No trial is complete.")
        return
    _say(console, f"Best: trial {findings.best.number}, {findings.goal.name} {findings.best.value:.4f}.")
    _say(console, f"For configs/params.yaml:\n\n{findings.yaml}")


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _progress(console: Console, quest: "Quest") -> "Iterator[OnTrial]":
    """A line a trial, and on a terminal a bar for their number."""
    from marquee.training.tuning.results import shown

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("searching", total=quest.trials)

        def on_trial(trial: "TrialRecord", best: "TrialRecord | None") -> None:
            value = f"{trial.value:.4f}" if trial.value is not None else f"{trial.state}: {trial.reason}"
            mark = " (best)" if best == trial else ""
            _say(bar.console, f"trial {trial.number}: {shown(trial.values)}: {value}{mark}")
            best_value = "" if best is None or best.value is None else f", best {best.value:.4f}"
            bar.update(task, description=f"searching{best_value}", completed=trial.number + 1)

        yield on_trial
