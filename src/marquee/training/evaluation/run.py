"""The whole of an evaluation: protocols, tests, costs, sensitivity, gates."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from marquee.domain.columns import USER
from marquee.domain.counting import counted
from marquee.domain.errors import InvalidInput
from marquee.evaluation import sensitivity
from marquee.evaluation.assessment import Assessment, assess
from marquee.evaluation.contest import Rules
from marquee.evaluation.cost import Cost
from marquee.evaluation.gated import BASELINES, CANDIDATE, CHAMPION, judge_quality
from marquee.evaluation.gates import Gate
from marquee.evaluation.judged import Judged
from marquee.evaluation.protocols import PROTOCOLS
from marquee.evaluation.sensitivity import Case
from marquee.evaluation.splits import temporal_split
from marquee.reporting.evaluation import Evaluation
from marquee.settings.policy import QualityRule
from marquee.training.code_version import code_version
from marquee.training.evaluation.contenders import Entry, grid
from marquee.training.evaluation.data import Source
from marquee.training.evaluation.measure import measure_cost

GATED = "temporal"

OnStep = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        entries: who is compared, the candidate first.
        protocols: names in `PROTOCOLS`, in order.
        gates: which the candidate must pass beside the second entry, under `temporal`.
        costs: whether to train each once more, in a process of its own, to measure it.
        sensitivity: whether to train the candidate on less data and on noise.
        changes: hyperparameters to try, as `contenders.grid` reads them.
        test_share: of `temporal`.
        threads: of the linear algebra.
    """

    entries: Sequence[Entry]
    protocols: Sequence[str]
    gates: Sequence[QualityRule]
    rules: Rules
    test_share: float
    costs: bool = True
    sensitivity: bool = False
    changes: Sequence[str] = ()
    resamples: int = 2000
    seed: int = 0
    threads: int = 1
    extra_facts: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def candidate(self) -> Entry:
        return self.entries[0]


def chosen_gates(rules: Iterable[QualityRule], names: Sequence[str], than: str) -> list[QualityRule]:
    """The policy's rules of quality beside a rival, of these names, `GROUP.METRIC`; all when none is given.

    Args:
        than: `champion`, or `baselines`.

    Raises:
        InvalidInput: the policy has no gate of that name beside that rival.
    """
    by_name = {f"{rule.group}.{rule.metric}": rule for rule in rules if rule.than == than}
    for name in names:
        if name not in by_name:
            known = ", ".join(by_name) or "none"
            raise InvalidInput(f"The policy has no gate {name!r} beside the {than}.", hint=f"It has {known}.")
    return [by_name[name] for name in names] if names else list(by_name.values())


def rival_of(entries: Sequence[Entry]) -> str:
    """Whom the gates take the second entry for: the baselines, or any recipe for the champion."""
    return BASELINES if len(entries) > 1 and entries[1].recipe is None else CHAMPION


def evaluate(source: Source, plan: Plan, on_step: OnStep) -> Evaluation:
    """Train and judge everybody; everything that the report says comes from here.

    Raises:
        DataError: too few ratings for a protocol, or a leak.
        InvalidInput: a change of hyperparameters is none.
    """
    steps = _Steps(plan, on_step)
    variants = grid(plan.candidate, plan.changes)
    judgements = {name: _judge(name, source, plan, steps) for name in plan.protocols}
    assessments = {name: _assess(judged, source, plan, steps) for name, judged in judgements.items()}
    costs = _costs(source, plan, steps) if plan.costs else {}
    cases = _sensitivity(source, plan, variants, steps)
    return Evaluation(
        data_name=source.name,
        recipes={entry.name: entry.described for entry in plan.entries},
        assessments=assessments,
        about={name: about(name) for name in plan.protocols},
        gates=_gates(judgements, plan),
        costs=costs,
        sensitivity=tuple(cases),
        facts=_facts(source, plan),
    )


def about(protocol: str) -> str:
    """How a protocol judges: its docstring's paragraphs, without what it raises, as one text."""
    text = inspect.getdoc(PROTOCOLS[protocol]) or protocol
    told = text.partition("\n\nArgs:")[0].partition("\n\nRaises:")[0]
    return " ".join(told.replace("`", "").replace("*", "").split())


class _Steps:
    """Says what begins, and which share of all steps is done."""

    def __init__(self, plan: Plan, on_step: OnStep) -> None:
        n = len(plan.entries)
        self._total = 2 * n * len(plan.protocols) + (n if plan.costs else 0)
        self._done = 0
        self._on_step = on_step

    def __call__(self, line: str, *, counts: bool = True) -> None:
        self._on_step(line, min(self._done / self._total, 1.0) if counts else None)
        self._done += counts


def _judge(protocol: str, source: Source, plan: Plan, steps: _Steps) -> dict[str, Judged]:
    options = {"test_share": plan.test_share} if protocol == GATED else {}
    judgements: dict[str, Judged] = {}
    for entry in plan.entries:  # one at a time: their models need not be in memory together
        steps(f"{protocol}: training and judging {entry.name}")
        judgements |= PROTOCOLS[protocol]([entry.contender(plan.threads)], source.data, plan.rules, **options)
    return judgements


def _assess(judged: dict[str, Judged], source: Source, plan: Plan, steps: _Steps) -> Assessment:
    return assess(judged, source.data.users, resamples=plan.resamples, seed=plan.seed, on_progress=steps)


def _costs(source: Source, plan: Plan, steps: _Steps) -> dict[str, Cost]:
    train = temporal_split(source.data.ratings, plan.test_share).train
    costs = {}
    for entry in plan.entries:
        steps(f"cost: training {entry.name} in a process of its own")
        costs[entry.name] = measure_cost(entry, source.data, train, plan.rules, threads=plan.threads)
    return costs


def _sensitivity(source: Source, plan: Plan, variants: Sequence[Entry], steps: _Steps) -> list[Case]:
    def on_case(line: str) -> None:
        steps(f"sensitivity to {line}", counts=False)

    contender = plan.candidate.contender(plan.threads)
    cases: list[Case] = []
    if variants:
        tried = [entry.contender(plan.threads) for entry in variants]
        cases += sensitivity.to_hyperparameters(
            tried, source.data, plan.rules, test_share=plan.test_share, on_case=on_case
        )
    if plan.sensitivity:
        for study in (sensitivity.to_data, sensitivity.to_noise):
            cases += study(
                contender,
                source.data,
                plan.rules,
                test_share=plan.test_share,
                seed=plan.seed,
                on_case=on_case,
            )
    return cases


def _gates(judgements: dict[str, dict[str, Judged]], plan: Plan) -> tuple[Gate, ...]:
    if not plan.gates or len(plan.entries) < 2 or GATED not in judgements:
        return ()
    candidate, rival = (judgements[GATED][entry.name] for entry in plan.entries[:2])
    judged = {CANDIDATE: candidate, rival_of(plan.entries): rival}
    return tuple(judge_quality(plan.gates, judged))


def _facts(source: Source, plan: Plan) -> tuple[tuple[str, str], ...]:
    data = source.data
    first, last = source.span
    people = data.ratings[USER].nunique()
    return (
        ("Data", f"{source.name}, from {source.path}"),
        (
            "Rows",
            f"{len(data.ratings):,} ratings of {people:,} people, {len(data.items):,} items",
        ),
        *_left_out(source),
        ("Ratings made", f"{first} to {last}"),
        ("SHA-256 of the rows", source.digest),
        ("Code", code_version()),
        ("Lists", f"{plan.rules.k} places; liked is {plan.rules.liked:g} stars or more"),
        ("Intervals", f"{plan.resamples:,} resamples of people, seed {plan.seed}"),
        ("Threads", str(plan.threads)),
        *plan.extra_facts,
    )


def _left_out(source: Source) -> Iterator[tuple[str, str]]:
    if source.left_out:
        yield "Left out", f"{counted(source.left_out, 'row')}; `marquee data load {source.path}` says why"
