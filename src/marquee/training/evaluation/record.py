"""What an evaluation leaves in MLflow."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from marquee.domain.columns import USER
from marquee.registry.runs import DatasetFacts, EvaluationRecord
from marquee.reporting.evaluation import Evaluation
from marquee.training.code_version import code_version
from marquee.training.evaluation.data import Source
from marquee.training.evaluation.run import Plan

_MOST_METRICS = 1000  # MLflow's limit for one request
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_.\- /]")


def evaluation_record(
    found: Evaluation, source: Source, plan: Plan, folder: Path, started_at: datetime, who: str
) -> EvaluationRecord:
    """Everything that MLflow is to know; the report's files hold the rest."""
    recipes = {f"contender.{place}": name for place, name in enumerate(found.recipes, 1)}
    described = {f"recipe.{place}": text[:5000] for place, text in enumerate(found.recipes.values(), 1)}
    return EvaluationRecord(
        name=f"{' against '.join(found.recipes)} {started_at:%Y-%m-%d %H:%M:%S}",
        started_at=started_at,
        params={
            **recipes,
            **described,
            "protocols": ",".join(plan.protocols),
            "k": plan.rules.k,
            "liked": plan.rules.liked,
            "test_share": plan.test_share,
            "resamples": plan.resamples,
        },
        metrics=dict(islice(_metrics(found), _MOST_METRICS)),
        tags={
            "snapshot": source.digest,
            "code_version": code_version(),
            "seed": str(plan.seed),
            "threads": str(plan.threads),
            "gates": "none" if not found.gates else "failed" if found.failed else "passed",
            "mlflow.user": who,
            "mlflow.source.name": "marquee evaluate",
            "mlflow.source.type": "LOCAL",
        },
        dataset=_dataset(source),
        files=folder,
    )


def _metrics(found: Evaluation) -> Iterator[tuple[str, float]]:
    """`temporal.known.ndcg` of the candidate, `NAME/temporal.known.ndcg` of its rivals; then costs."""
    for who in found.recipes:
        prefix = "" if who == found.candidate else f"{_NOT_ALLOWED.sub('-', who)}/"
        for protocol, assessment in found.assessments.items():
            for group, figures in assessment.found[who].figures.items():
                for name, figure in figures.items():
                    yield f"{prefix}{protocol}.{group}.{name}", figure.value
        if who in found.costs:
            cost = found.costs[who]
            yield f"{prefix}cost.training_seconds", cost.training_seconds
            yield f"{prefix}cost.peak_bytes", float(cost.peak_bytes)
            yield f"{prefix}cost.bundle_bytes", float(cost.bundle_bytes)
            yield f"{prefix}cost.list_p95_ms", cost.latency.p95


def _dataset(source: Source) -> DatasetFacts:
    first, last = source.span
    return DatasetFacts(
        name=source.name,
        digest=source.digest,
        source=source.path,
        rows=len(source.data.ratings),
        profile={
            "num_users": int(source.data.ratings[USER].nunique()),
            "num_items": len(source.data.items),
            "first_rated_at": first,
            "last_rated_at": last,
        },
    )
