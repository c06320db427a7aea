"""Models judged as they are, beside the champion's, where there is no recipe to train anew."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marquee.data.quality import check_quality
from marquee.domain.errors import CorruptBundle, NotFound
from marquee.evaluation.gates import Gate
from marquee.models.bundle import Bundle
from marquee.registry.client import RegistryClient
from marquee.training.comparison import Comparison, compare, split_after
from marquee.training.context import TrainingContext
from marquee.training.finished import data_gate, integrity_gate, size_gates
from marquee.training.judgement import TOO_FEW_NEWER, gates_of, open_version
from marquee.training.progress import OnProgress
from marquee.training.snapshot import Tables
from marquee.training.verdict import Verdict, champion_of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ArtifactVerdict(Verdict):
    """A verdict on models as they are; `comparison` is None where too few ratings are newer than them."""

    comparison: Comparison | None

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        compared = {} if self.comparison is None else self.comparison.to_dict()
        return {**self.evidence, "passed": self.passed, **compared}

    @property
    def metrics(self) -> dict[str, Any]:
        """As a version has them; empty where nothing was measured."""
        return {} if self.comparison is None else self.comparison.metrics


def judge_bundle(
    context: TrainingContext,
    bundle: Bundle,
    tables: Tables,
    registry: RegistryClient,
    folder: Path,
    on_progress: OnProgress,
) -> ArtifactVerdict:
    """Hold a bundle's figures against those of the champion's, on ratings newer than both have learnt from.

    Where there are too few of those, or the champion's bundle cannot be had, no gate of quality has a figure,
    and none passes. How long its training took is not asked: it may have been made elsewhere.

    Args:
        folder: room for the champion's bundle.

    Raises:
        Unavailable: the registry is away, and the champion's bundle is needed.
    """
    champion, deployed = champion_of(context.engine)
    rival, comparison = None, None
    absent = TOO_FEW_NEWER
    if champion is not None:
        try:
            rival = open_version(registry, champion.version, folder)
        except (NotFound, CorruptBundle) as error:
            absent = error.message.removesuffix(".")
    through = max(models.trained_through for models in (bundle, rival) if models is not None)
    split = split_after(tables.ratings, through, context.params.evaluation.test_share)
    if split is not None:
        comparison = compare(
            tables,
            bundle,
            rival,
            context.params,
            context.serving,
            split=split,
            threads=context.threads,
            on_progress=lambda line, _share: on_progress(line, None),
        )
    gates = gates_of(context, comparison, tables, champion=champion, absent=absent)
    if comparison is not None:
        comparison = replace(comparison, judged={})
    found = ArtifactVerdict(champion=champion, deployment=deployed, gates=gates, comparison=comparison)
    return found.with_gates(*_of_files(context, bundle, tables))


def _of_files(context: TrainingContext, bundle: Bundle, tables: Tables) -> Iterator[Gate]:
    """What needs no rival: the platform's data, and the bundle as it lies there."""
    rules, serving = context.policy.gates, context.serving
    quality = check_quality(tables.ratings, tables.items, tables.users, serving.rating_scale, context.clock())
    yield data_gate(quality, rules.most_warnings)
    yield from size_gates(rules.cost, bundle.path)
    k = context.params.evaluation.k
    yield integrity_gate(bundle.path, tables, serving, sample=rules.sample, k=k)
