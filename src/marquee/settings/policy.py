"""configs/policy.yaml: when to train, and what a new model must show before it may serve."""

from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from marquee.settings.documents import Document, load_document


class Triggers(Document):
    cron: str | None = "0 3 * * *"
    new_ratings: Annotated[int, Field(ge=1)] | None = 1000

    @field_validator("cron")
    @classmethod
    def _is_schedule(cls, expression: str | None) -> str | None:
        from apscheduler.triggers.cron import CronTrigger  # few processes read the policy

        if expression is not None:
            try:
                CronTrigger.from_crontab(expression)
            except ValueError as error:
                raise ValueError(
                    f"no cron expression ({error}); it has five fields, in UTC: minute, hour, day, "
                    'month, weekday, such as "0 3 * * *"'
                ) from error
        return expression


Share: TypeAlias = Annotated[float, Field(gt=0, le=1)]
Least: TypeAlias = Annotated[float, Field(ge=0)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Most: TypeAlias = Annotated[float, Field(gt=0)]

GatedMetric: TypeAlias = Literal["rmse", "mae", "precision", "recall", "ndcg"]


class QualityRule(Document):
    """A metric of a recipe beside that of a rival's, on the same people of the same split.

    The bad end of the 95 % interval of their difference may be worse by at most `margin`. Beside the champion
    equal is good enough; the baselines must be beaten, so there the end must be better than that.

    Attributes:
        than: `champion`, or `baselines`: biases for the stars, popularity for the lists.
    """

    metric: GatedMetric
    group: Literal["known", "new"]
    than: Literal["champion", "baselines"] = "champion"
    margin: Least = 0.0

    @property
    def name(self) -> str:
        """`known.rmse`; against the baselines `baselines.known.rmse`."""
        name = f"{self.group}.{self.metric}"
        return name if self.than == "champion" else f"{self.than}.{name}"


class SliceRules(Document):
    """No group of people may surely lose more than a margin beside the champion.

    Attributes:
        by: what people are grouped by.
        margins: by metric, how much a group may lose: its interval must not lie wholly beyond.
        people: of fewer nothing is said: the group is recorded as not judged.
    """

    by: tuple[Literal["gender", "age", "activity"], ...] = ("gender", "age", "activity")
    margins: dict[GatedMetric, Least] = Field({"rmse": 0.05, "ndcg": 0.05}, min_length=1)
    people: Annotated[int, Field(ge=2)] = 20


class CostRules(Document):
    """What a model may cost; null: it may cost anything.

    Attributes:
        list_p95_ms: the 95th percentile of the time of a list, measured on this machine now.
        slower: how many times the champion's time, measured likewise, it may be.
        bundle_mb: on disk, in millions of bytes.
        training_seconds: of the training on everything.
    """

    list_p95_ms: Most | None = None
    slower: Most | None = None
    bundle_mb: Most | None = None
    training_seconds: Most | None = None


class Gates(Document):
    """What a version must show before anybody reviews it; see docs/evaluation.md.

    Sound data and a sound bundle are always asked for; what is left out here is not.

    Attributes:
        quality: on the newest ratings.
        slices: None: groups of people are not looked at.
        most_warnings: of the checks of the data; None: as many as there are. None may fail as an error.
        sample: people for whom the finished bundle must make lists, alone and together alike.
    """

    quality: tuple[QualityRule, ...] = ()
    slices: SliceRules | None = None
    cost: CostRules = CostRules()
    most_warnings: Count | None = None
    sample: Annotated[int, Field(ge=1)] = 50

    @model_validator(mode="before")
    @classmethod
    def _is_a_section(cls, content: object) -> object:
        if isinstance(content, list):
            raise ValueError(  # noqa: TRY004 - pydantic tells of no other
                "the rules of a list stand under `quality` of the section `gates` now, each with "
                "`than: champion` or `than: baselines`; configs/policy.yaml of this release shows it"
            )
        return content


class Review(Document):
    """Who must sign before a version may serve.

    Attributes:
        sign_offs: the parts that somebody with the scope `operate` must approve.
        own: whether those who had a version trained may approve it.
        automatic: `patch`: new data for a recipe that is approved already need no person when every gate
            passed; `none`: everything does.
        overrule: whether a person may deploy a version past gates, reviews and rollout while another serves.
    """

    sign_offs: tuple[Literal["technical", "business"], ...] = ("technical",)
    own: Literal["allow", "refuse"] = "allow"
    automatic: Literal["patch", "none"] = "patch"
    overrule: Literal["allow", "refuse"] = "refuse"

    @field_validator("sign_offs")
    @classmethod
    def _are_one_or_two(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        if not parts or len(set(parts)) != len(parts):
            raise ValueError("name one or two different parts: technical, business")
        return parts


class Judge(Document):
    """How champion and challenger are compared while both serve; see docs/rollouts.md.

    Attributes:
        alpha: the chance of a false rollback in a whole rollout, however often one looks.
        planned_lists: of both together, at which the intervals are to be narrowest.
        least_people: of each variant, before anything is said.
        attribution_minutes: an answer to a list counts if it comes within this time.
        positive: may be worse by this share of the champion's rate of positive answers.
        early_seconds: positive answers that come this soon are looked at by themselves, so that a ruinous
            ranking is out in minutes; null: they are not.
        early: they may be fewer by this share of the champion's rate. Passing it promotes nothing.
        stars, error: stars given, and error of predicted stars, may be worse by this many stars.
        errors, empty, fallback: shares of the lists may be higher by this.
        latency: milliseconds may be more by this share of the champion's.
    """

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    planned_lists: Annotated[int, Field(ge=1)] = 10_000
    least_people: Annotated[int, Field(ge=2, le=256)] = 50  # guardrails know 256 groups of people
    attribution_minutes: Annotated[float, Field(gt=0)] = 30.0
    positive: Annotated[float, Field(gt=0, lt=1)] = 0.1
    early_seconds: Annotated[float, Field(gt=0)] | None = 30.0
    early: Annotated[float, Field(gt=0, lt=1)] = 0.25
    stars: Least = 0.1
    error: Least = 0.02
    errors: Share = 0.005
    empty: Share = 0.01
    fallback: Share = 0.05
    latency: Least = 1.0

    @property
    def early_window(self) -> float | None:
        """Seconds in which early answers come; None where they are not looked at, or are no earlier."""
        seconds = self.early_seconds
        return None if seconds is None or seconds >= 60 * self.attribution_minutes else seconds


class Shadow(Document):
    """The challenger is asked what the champion is asked, and nobody sees its lists.

    Attributes:
        minutes: at least so long.
        lists: compared, at least.
        most_errors: the largest share of them that may fail.
        slowest: how many times the champion's time a list may take.
        least_overlap: the least mean share of the champion's items that the challenger's lists must have.
    """

    minutes: Least = 5.0
    lists: Count = 200
    most_errors: Annotated[float, Field(ge=0, le=1)] = 0.01
    slowest: Annotated[float, Field(gt=0)] = 5.0
    least_overlap: Annotated[float, Field(ge=0, le=1)] = 0.0


class Step(Document):
    """A share of the people is shown the challenger's lists, for so long and by so many of them at least."""

    share: Share
    minutes: Least = 0.0
    people: Count = 0


class Preset(Document):
    """How a rollout goes: shadow, then the steps; without steps, everybody at once when workers are warm.

    Attributes:
        longest_hours: after which an inconclusive rollout ends, and the champion stays.
        patch_on_guardrails: then let a version of the champion's own recipe pass on the guardrails alone.
    """

    shadow: Shadow | None = None
    steps: tuple[Step, ...] = ()
    longest_hours: Annotated[float, Field(gt=0)] = 168.0
    patch_on_guardrails: bool = False

    @field_validator("steps")
    @classmethod
    def _only_grow(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        shares = [step.share for step in steps]
        if shares != sorted(set(shares)) or (shares and shares[-1] > _LARGEST_SHARE):
            raise ValueError(
                f"shares must grow from step to step, to {_LARGEST_SHARE:g} at most: without people who have "
                "the champion there is nobody to compare with"
            )
        return steps


_LARGEST_SHARE = 0.9


class Rollouts(Document):
    """How rollouts may go.

    Attributes:
        look_seconds: between looks of the judge.
        presets: by name.
        default: the preset of a rollout that names none.
        patch: that of a version approved by policy; null: a person starts it.
        quiet: the same where fewer than `quiet_lists` lists were shown to people in the last 24 hours, too
            few to judge by; null: a person starts it; left out: as `patch`.
    """

    look_seconds: Annotated[float, Field(ge=1, le=30)] = 5.0
    presets: dict[str, Preset] = Field(default_factory=lambda: {"blue-green": Preset()})
    default: str = "blue-green"
    patch: str | None = "blue-green"
    quiet: str | None = "blue-green"
    quiet_lists: Count = 1000

    @model_validator(mode="before")
    @classmethod
    def _is_quiet_as_ever(cls, content: object) -> object:
        if isinstance(content, dict) and "patch" in content:
            return {"quiet": content["patch"], **content}
        return content

    @model_validator(mode="after")
    def _name_presets(self) -> Self:
        for name in (self.default, self.patch, self.quiet):
            if name is not None and name not in self.presets:
                raise ValueError(f"there is no preset {name!r}; there are {', '.join(self.presets)}")
        return self


class Retention(Document):
    """How long a version that served can be returned to, after which it is retired."""

    rollback_days: Annotated[float, Field(gt=0)] = 30.0


class Policy(Document):
    triggers: Triggers = Triggers()
    gates: Gates
    review: Review = Review()
    judge: Judge = Judge()
    rollouts: Rollouts = Rollouts()
    retention: Retention = Retention()


def load_policy(path: Path) -> Policy:
    """Read `policy.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Policy)
