"""The recipe beside the champion's, and what the gates say."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine

from marquee.evaluation.gates import Gate, judge
from marquee.evaluation.report import Report
from marquee.store import deployment, versions
from marquee.store.deployment import Deployment
from marquee.store.versions import ModelVersion
from marquee.training.comparison import Comparison, compare
from marquee.training.context import TrainingContext
from marquee.training.progress import OnProgress
from marquee.training.recipe import Recipe
from marquee.training.snapshot import Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What is known of a recipe before it is trained on everything.

    Attributes:
        champion: the version it was compared with; None when none is deployed.
        deployment: as it was when the comparison began.
        gates: empty when there is no champion: a first model has nobody to be worse than.
    """

    recipe: Recipe
    champion: ModelVersion | None
    deployment: Deployment
    comparison: Comparison
    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @property
    def evidence(self) -> dict[str, Any]:
        """For the audit: the gates, and whom the recipe was compared with."""
        rival = None if self.champion is None else self.champion.version
        return {"compared_with": rival, "gates": [asdict(gate) for gate in self.gates]}

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {**self.evidence, "passed": self.passed, **self.comparison.to_dict()}


def judge_recipe(context: TrainingContext, snapshot: Snapshot, on_progress: OnProgress) -> Judgement:
    """Compare the recipe of `params.yaml` with the champion's on the snapshot's newest ratings.

    Raises:
        DataError: too few ratings to split by time.
        InvalidInput: the champion's recipe cannot be trained by this release.
    """
    recipe = Recipe.of(context.params)
    champion, deployed = _champion(context.engine)
    comparison = compare(
        snapshot.tables,
        recipe,
        None if champion is None else Recipe.of_version(champion),
        context.params,
        context.serving,
        threads=context.threads,
        on_progress=on_progress,
    )
    gates = (
        ()
        if comparison.champion is None
        else judge(comparison.candidate, comparison.champion, context.policy.gates)
    )
    judgement = Judgement(recipe, champion, deployed, comparison, gates)
    for line in _findings(judgement):
        on_progress(line, None)
    return judgement


def _champion(engine: Engine) -> tuple[ModelVersion | None, Deployment]:
    with engine.connect() as connection:
        now = deployment.get(connection)
        return (None if now.champion is None else versions.get(connection, now.champion)), now


def _findings(judgement: Judgement) -> Iterator[str]:
    for name, report in judgement.comparison.rivals.items():
        yield f"{name}: {_figures(report)}"
    for gate in judgement.gates:
        yield f"gate {'passed' if gate.passed else 'FAILED'}: {gate.reason}"


def _figures(report: Report) -> str:
    groups = (("known people", report.known), ("new people", report.new))
    return "; ".join(
        f"{name} RMSE {_number(group.rmse)}, nDCG@{report.k} {_number(group.ndcg)}" for name, group in groups
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
