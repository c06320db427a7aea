"""The report at the end of the pipeline: its bundle, held against the baselines on its own split."""

from dataclasses import dataclass, replace
from pathlib import Path

from marquee.domain.errors import DataError
from marquee.evaluation.contest import Contender, Rules
from marquee.models.bundle import Bundle
from marquee.models.model_set import ModelSet
from marquee.models.training_set import TrainingSet
from marquee.reporting.evaluation import evaluation_report
from marquee.reporting.render import Written, write_report
from marquee.settings import Params, Policy, Serving
from marquee.training.evaluation.contenders import BASELINES, Entry
from marquee.training.evaluation.data import of_folder
from marquee.training.evaluation.run import GATED, Plan, chosen_gates, evaluate, rival_of
from marquee.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Trained(Entry):
    """A recipe whose models are there already; `trained_on` is the fingerprint of what they learnt from."""

    models: ModelSet
    trained_on: str

    def contender(self, threads: int) -> Contender:  # noqa: ARG002 - nothing is computed
        """The models as they are, for the one training side that they were made of."""
        return Contender(self.name, self._checked, lambda past: self._checked(past).rating)

    def _checked(self, past: TrainingSet) -> ModelSet:
        if past.fingerprint() != self.trained_on:
            raise DataError(
                f"A leak: {self.name} was trained on other ratings than the training side of the split.",
                hint="Run `dvc repro`: the data were prepared anew since.",
            )
        return self.models


def write_pipeline_report(
    bundle: Bundle,
    past: TrainingSet,
    processed: Path,
    out: Path,
    params: Params,
    serving: Serving,
    policy: Policy,
) -> Written:
    """Judge a bundle under `temporal`, with intervals, slices, fairness and the policy's gates.

    Times are not measured, so that the same files give the same figures.

    Args:
        past: what the bundle was trained on.
        processed: the folder of `marquee data prepare`, which holds that and the newer ratings.

    Raises:
        DataError: the split of the folder's ratings is not the one that the bundle was trained on.
    """
    entry = Trained("recipe", Recipe.of_manifest(bundle.manifest), bundle, past.fingerprint())
    entries = [entry, Entry(BASELINES, None)]
    plan = Plan(
        entries=entries,
        protocols=[GATED],
        gates=chosen_gates(policy.gates.quality, (), rival_of(entries)),
        rules=Rules(serving, k=params.evaluation.k),
        test_share=params.evaluation.test_share,
        costs=False,
    )
    source = replace(of_folder(processed, serving.rating_scale), name=params.data.name)
    return write_report(evaluation_report(evaluate(source, plan, _unheard)), out)


def _unheard(_line: str, _share: float | None) -> None:
    """A stage of the pipeline: DVC says which one runs."""
