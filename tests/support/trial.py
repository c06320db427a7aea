"""A rollout on a real Postgres with planted traffic, and a clock that the test moves."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert, text

from marquee.lifecycle.conductor import conduct
from marquee.lifecycle.rollouts import start
from marquee.settings import Policy, Serving
from marquee.settings.policy import Gates, Judge, Preset, Rollouts, Shadow, Step
from marquee.settings.serving import Feedback, FeedbackKind, RatingScale
from marquee.store import audit, deployment, impressions, rollouts, users, workers
from marquee.store.impression_rows import Impression
from marquee.store.impressions import first_uuid7
from marquee.store.rollouts import Rollout
from marquee.store.tables import events, ratings, rollout_tallies, scored_ratings, shadow_tallies
from marquee.store.workers import ServingWorker
from tests.support.shown import write

SERVING = Serving(
    rating_scale=RatingScale(min=1, max=5, step=1),
    feedback=Feedback(kinds={"click": FeedbackKind(weight=0.2), "dislike": FeedbackKind(weight=-1.0)}),
)
JUDGE = Judge(attribution_minutes=1, planned_lists=2_000, least_people=20)
STEPS = (Step(share=0.1, minutes=2, people=30), Step(share=0.5, minutes=5, people=60))
SHADOW = Shadow(minutes=1, lists=100, least_overlap=0.2)
PRESETS = {
    "canary": Preset(shadow=SHADOW, steps=STEPS, longest_hours=2),
    "starved": Preset(steps=STEPS, longest_hours=2, patch_on_guardrails=True),
    "no shadow": Preset(steps=STEPS, longest_hours=2),
    "blue-green": Preset(),
}
POLICY = Policy(gates=Gates(), judge=JUDGE, rollouts=Rollouts(presets=PRESETS, default="canary", patch=None))
SHOWN = ("i001", "i002", "i003")


def uuid7_at(moment: datetime) -> str:
    """A request id of a request at that time."""
    return first_uuid7(moment)[:-12] + secrets.token_hex(6)


@dataclass
class Trial:
    """The rollout of version 2 beside version 1, the champion; `now` is the conductor's clock."""

    engine: Engine
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    number: int = 0

    def start(self, preset: str = "canary") -> Rollout:
        rollout = start(
            self.engine,
            2,
            preset=preset,
            policy=POLICY,
            actor="ada",
            reason="a better one",
            clock=lambda: self.now,
        )
        self.number = rollout.rollout_id
        return rollout

    def start_canary(self, preset: str = "no shadow") -> Rollout:
        """Every worker is warm, and the first step begins."""
        self.start(preset)
        self.workers(warm=True)
        self.look()
        assert self.rollout.state == "canary"
        return self.rollout

    @property
    def rollout(self) -> Rollout:
        with self.engine.connect() as connection:
            return rollouts.get(connection, self.number)

    @property
    def champion(self) -> int | None:
        with self.engine.connect() as connection:
            return deployment.get(connection).champion

    def evidence(self) -> dict[str, Any]:
        """Of the audit's newest row about the rollout."""
        with self.engine.connect() as connection:
            entries = audit.latest(connection, limit=10)
        return dict(next(e.evidence for e in entries if e.subject == f"rollout {self.number}"))

    def look(self) -> list[str]:
        """What the conductor does now."""
        return conduct(self.engine, SERVING, lambda: self.now)

    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    def workers(
        self,
        *,
        warm: bool,
        problem: str | None = None,
        refusal: str | None = None,
        names: Iterable[str] = ("w1", "w2"),
    ) -> None:
        """Workers report, each at the newest revision."""
        with self.engine.begin() as connection:
            connection.execute(text("DELETE FROM workers"))
            revision = deployment.get(connection).revision
            for name in names:
                challenger = 2 if warm else None
                report = ServingWorker(name, "here", 1, self.now, revision, 1, challenger, problem, refusal)
                workers.report(connection, report)

    def shadow(self, **figures: Any) -> None:
        """A worker's figures of the shadow, over those it wrote before."""
        with self.engine.begin() as connection:
            connection.execute(text("DELETE FROM shadow_tallies WHERE worker = 'w1'"))
            connection.execute(
                insert(shadow_tallies).values(rollout_id=self.number, worker="w1", figures=figures)
            )

    def shows(
        self,
        variant: str,
        people: Iterable[str],
        *,
        positive: float,
        lists: int = 3,
        worker_writes: bool = True,
    ) -> list[Impression]:
        """Each person gets some lists now; a share of all lists is answered by a click 10 s later."""
        self.now += timedelta(seconds=1)
        names = list(people)
        step = self.rollout.step
        shown = [
            Impression(
                self.now + timedelta(milliseconds=number),
                uuid7_at(self.now),
                name,
                1 if variant == "champion" else 2,
                variant,
                "personal",
                SHOWN,
                rollout=self.number,
                step=step,
            )
            for number in range(lists)
            for name in names
        ]
        answered = np.random.default_rng(len(shown)).permutation(len(shown))[: round(positive * len(shown))]
        with self.engine.begin() as connection:
            impressions.make_days(connection, {impressions.day_of(self.now)})
            users.ensure(connection, sorted(set(names)))
            write(connection, shown)
            self.click(connection, [shown[place] for place in answered])
        if worker_writes:
            self.tally(variant, len(shown))
        return shown

    def click(
        self, connection: Any, lists: Iterable[Impression], *, after: float = 10.0, kind: str = "click"
    ) -> None:
        rows = [
            {
                "event_id": secrets.token_hex(8),
                "kind": kind,
                "user_id": one.user_id,
                "item_id": one.item_ids[0],
                "at": one.at + timedelta(seconds=after),
                "received_at": one.at + timedelta(seconds=after),
                "request_id": one.request_id,
            }
            for one in lists
        ]
        if rows:
            connection.execute(insert(events), rows)

    def rate(self, user: str, item: str, stars: float, at: datetime) -> None:
        with self.engine.begin() as connection:
            values = {"user_id": user, "item_id": item, "rating": stars, "rated_at": at, "received_at": at}
            connection.execute(insert(ratings).values(values))

    def tally(self, variant: str, requests: int, *, errors: float = 0.0, ms: float = 2.0) -> None:
        """What a worker counted besides, spread over the buckets of people."""
        each = max(requests // 256, 1)
        counts = [each] * 256
        times = [ms * (0.8 + 0.1 * (bucket % 5)) for bucket in range(256)]
        values = {
            "requests": counts,
            "errors": [round(each * errors)] * 256,
            "empty": [0] * 256,
            "fallback": [0] * 256,
            "timed": counts,
            "milliseconds": [each * time for time in times],
            "milliseconds_squared": [each * time * time for time in times],
        }
        with self.engine.begin() as connection:
            connection.execute(
                insert(rollout_tallies).values(
                    rollout_id=self.number,
                    step=self.rollout.step,
                    variant=variant,
                    worker=secrets.token_hex(4),
                    **values,
                )
            )

    def score(self, user: str, item: str, *, stars: float, champion: float, challenger: float) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                insert(scored_ratings).values(
                    rollout_id=self.number,
                    user_id=user,
                    item_id=item,
                    step=self.rollout.step,
                    stars=stars,
                    champion=champion,
                    challenger=challenger,
                    at=self.now,
                )
            )


def people(prefix: str, number: int) -> list[str]:
    return [f"{prefix}{n:04d}" for n in range(number)]
