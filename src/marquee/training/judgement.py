"""The recipe beside the champion, and what the gates say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marquee.domain.errors import CorruptBundle, InvalidInput, NotFound
from marquee.evaluation.gated import judge
from marquee.evaluation.gates import Gate
from marquee.evaluation.report import Report
from marquee.evaluation.splits import Split
from marquee.models.bundle import Bundle
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.store.versions import ModelVersion
from marquee.training.comparison import LEAST_NEWER, Comparison, Contender, compare, split_after
from marquee.training.context import TrainingContext
from marquee.training.finished import list_gates
from marquee.training.progress import OnProgress
from marquee.training.recipe import Recipe
from marquee.training.snapshot import Snapshot, Tables
from marquee.training.verdict import Verdict, champion_of

TOO_FEW_NEWER = f"fewer than {LEAST_NEWER} ratings are newer than what was learnt from"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Judgement(Verdict):
    """What is known of a recipe before it is trained on everything."""

    recipe: Recipe
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {**self.evidence, "passed": self.passed, **self.comparison.to_dict()}


def judge_recipe(
    context: TrainingContext,
    snapshot: Snapshot,
    registry: RegistryClient,
    folder: Path,
    on_progress: OnProgress,
) -> Judgement:
    """Compare the recipe of `params.yaml` with the champion on the snapshot's newest ratings.

    A champion that no recipe of this release makes (it was imported) is judged as it is, on ratings newer
    than any it has learnt from. Where there are too few of those the gates have no figure, and do not pass.

    Args:
        folder: room for the champion's bundle.

    Raises:
        DataError: too few ratings to split by time.
        Unavailable: the registry is away, and the champion's bundle is needed.
    """
    champion, deployed = champion_of(context.engine)
    rival = _Rival(None) if champion is None else _rival(context, snapshot, champion, registry, folder)
    recipe = Recipe.of(context.params)
    comparison = compare(
        snapshot.tables,
        recipe,
        rival.contender,
        context.params,
        context.serving,
        split=rival.split,
        threads=context.threads,
        on_progress=on_progress,
    )
    gates = gates_of(context, comparison, snapshot.tables, champion=champion, absent=rival.absent)
    return Judgement(
        champion=champion,
        deployment=deployed,
        gates=gates,
        recipe=recipe,
        comparison=replace(comparison, judged={}),  # large, and looked at
    )


def gates_of(
    context: TrainingContext,
    comparison: Comparison | None,
    tables: Tables,
    *,
    champion: ModelVersion | None,
    absent: str,
) -> tuple[Gate, ...]:
    """What the comparison says by the rules of quality and slices, and by the time of a list.

    Args:
        comparison: None where nothing could be compared: then every rule stands unjudged.
        absent: why nothing, or nobody, could be compared.
    """
    rules = context.policy.gates
    with_champion = champion is not None or comparison is None
    judged = {} if comparison is None else comparison.judged
    timed = {} if comparison is None else comparison.list_p95_ms
    return (
        *judge(rules, judged, tables.users, with_champion=with_champion, absent=absent),
        *list_gates(rules.cost, timed, with_champion=champion is not None),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rival:
    """Whom to compare with, and on which split; `absent` says why with nobody, though there is a champion."""

    contender: Contender | None
    split: Split | None = None
    absent: str = ""


def _rival(
    context: TrainingContext,
    snapshot: Snapshot,
    champion: ModelVersion,
    registry: RegistryClient,
    folder: Path,
) -> _Rival:
    try:
        return _Rival(Recipe.of_version(champion))
    except InvalidInput:
        pass  # it was imported, or another release trained it: its bundle can still be judged
    try:
        models = open_version(registry, champion.version, folder)
    except (NotFound, CorruptBundle) as error:
        return _Rival(None, absent=error.message.removesuffix("."))
    split = split_after(snapshot.tables.ratings, models.trained_through, context.params.evaluation.test_share)
    return _Rival(None, absent=TOO_FEW_NEWER) if split is None else _Rival(models, split)


def open_version(registry: RegistryClient, version: int, folder: Path) -> Bundle:
    """A registered version's models, fetched into `folder`.

    Raises:
        NotFound, CorruptBundle, Unavailable: as `fetch_bundle` says.
    """
    path = folder / f"version-{version}"
    fetch_bundle(registry, version, path)
    return Bundle.open(path, verify=False)


def findings(verdict: Verdict, comparison: Comparison | None) -> Iterator[str]:
    """The figures and the gates, a line each."""
    for name, report in comparison.rivals.items() if comparison else ():
        yield f"{name}: {_figures(report)}"
    for gate in verdict.gates:
        yield f"gate {'passed' if gate.passed else 'FAILED'}: {gate.reason}"


def _figures(report: Report) -> str:
    groups = (("known people", report.known), ("new people", report.new))
    return "; ".join(
        f"{name} RMSE {_number(group.rmse)}, nDCG@{report.k} {_number(group.ndcg)}" for name, group in groups
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
