"""Random walks of everything that can be done to rollouts, on a real Postgres.

A model of some lines says what must come of each step; what is illegal must be refused and change nothing.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select, text

from marquee.domain.errors import Conflict
from marquee.lifecycle.promotion import promote, rollback
from marquee.lifecycle.rollout_states import FOLLOWING
from marquee.lifecycle.rollouts import abort, advance, start
from marquee.store import audit, deployment, rollouts
from marquee.store.tables import audit_log, model_versions
from marquee.store.tables import deployment as deployment_table
from marquee.store.tables import rollouts as rollouts_table
from tests.support.trial import POLICY, Trial


class Walk(RuleBasedStateMachine):
    """Versions 1, 2, 3 are approved. The model: the champion, and (state, step, challenger) of the trial."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.going: tuple[str, int, int] | None = None
        self.previous: int | None
        self.trial = Trial(self.engine)
        with self.engine.connect() as connection:
            going = rollouts.active(connection)
        if going is not None:
            abort(self.engine, going.rollout_id, actor="walk", reason="the next walk")
        self.champion, self.previous = 1, None
        self.left: set[int] = set()
        self.sent_back: set[int] = set()
        with self.engine.begin() as connection:  # every walk begins at the same place
            connection.execute(text("UPDATE deployment SET champion = 1, previous = NULL"))
            fresh = (
                "UPDATE model_versions SET served_at = CASE WHEN version = 1 THEN now() END, "
                "purge_after = NULL, sent_back = NULL"
            )
            connection.execute(text(fresh))
            connection.execute(text("DELETE FROM workers"))

    def _is_refused(self, deed: Callable[[], object]) -> None:
        before = _rows(self.engine)
        with pytest.raises(Conflict) as refused:
            deed()
        assert refused.value.hint
        assert _rows(self.engine) == before

    @rule(version=st.integers(1, 3), preset=st.sampled_from(["canary", "no shadow", "blue-green"]))
    def start(self, version: int, preset: str) -> None:
        def deed() -> Any:
            return start(
                self.engine,
                version,
                preset=preset,
                policy=POLICY,
                actor="walk",
                reason="a walk",
                clock=lambda: self.trial.now,
            )

        unseen = preset == "blue-green" and version in self.sent_back
        if self.going is not None or version == self.champion or unseen:
            self._is_refused(deed)
        else:
            self.trial.number = deed().rollout_id
            self.preset = POLICY.rollouts.presets[preset]
            self.going = ("planned", 0, version)

    @precondition(lambda self: self.trial.number)
    @rule()
    def advance(self) -> None:
        def deed() -> Any:
            return advance(self.engine, self.trial.number, actor="walk", reason="", overrule=True)

        if self.going is None or self.going[0] == "planned":
            self._is_refused(deed)
        else:
            deed()
            self._goes_on()

    @precondition(lambda self: self.trial.number)
    @rule()
    def abort(self) -> None:
        def deed() -> Any:
            return abort(self.engine, self.trial.number, actor="walk", reason="")

        if self.going is None:
            self._is_refused(deed)
        else:
            deed()
            self.going = None

    @rule()
    def roll_back(self) -> None:
        def deed() -> Any:
            return rollback(self.engine, actor="walk", reason="")

        if self.previous is None:
            self._is_refused(deed)
        else:
            deed()
            left = self.champion
            self._serves(self.previous)
            self.sent_back.add(left)
            with self.engine.connect() as connection:
                self.previous = deployment.get(connection).previous
            ways = self.left - self.sent_back - {self.champion}
            assert self.previous in (ways or {None})

    @rule(version=st.integers(1, 3))
    def promote(self, version: int) -> None:
        with self.engine.connect() as connection:
            revision = deployment.get(connection).revision

        def deed() -> Any:
            return promote(
                self.engine, version, actor="walk", reason="", evidence={}, expected_revision=revision
            )

        if version == self.champion:
            self._is_refused(deed)
        else:
            deed()
            self._serves(version)

    @rule(version=st.integers(1, 3))
    def promote_late(self, version: int) -> None:
        """By somebody who saw an older deployment."""
        with self.engine.connect() as connection:
            revision = deployment.get(connection).revision - 1
        self._is_refused(
            lambda: promote(
                self.engine, version, actor="walk", reason="", evidence={}, expected_revision=revision
            )
        )

    @precondition(lambda self: self.going is not None and self.going[0] == "planned")
    @rule(warm=st.booleans())
    def workers_report(self, warm: bool) -> None:
        self._report(warm)
        said = self.trial.look()
        assert bool(said) is warm
        if warm:
            self._goes_on()

    @precondition(lambda self: self.going is not None)
    @rule()
    def time_runs_out(self) -> None:
        """Without any traffic a rollout ends inconclusive, in whatever state it is."""
        self._report(False)
        self.trial.wait(60 * 24 * 8)
        (said,) = self.trial.look()
        assert "is inconclusive" in said
        self.going = None

    @invariant()
    def postgres_holds_what_the_model_says(self) -> None:
        with self.engine.connect() as connection:
            now, active = deployment.get(connection), rollouts.active(connection)
        assert now.champion == self.champion
        if self.going is None:
            assert active is None
            assert (now.mode, now.challenger, now.rollout, now.share) == ("none", None, None, 0.0)
            return
        state, step, version = self.going
        assert active is not None
        assert (active.state, active.step, active.challenger) == (state, step, version)
        mode = {"planned": "warming"}.get(state, state)
        assert (now.mode, now.step, now.challenger, now.rollout) == (mode, step, version, active.rollout_id)
        assert now.share == (self.preset.steps[step - 1].share if state == "canary" else 0.0)

    def teardown(self) -> None:
        with self.engine.connect() as connection:
            assert audit.first_broken(connection) is None
            for row in connection.execute(select(audit_log).where(audit_log.c.action == "advance rollout")):
                assert row.evidence["state"] in FOLLOWING[row.evidence["before"]]

    def _report(self, warm: bool) -> None:
        self.trial.workers(warm=warm)
        if warm and self.going is not None:
            with self.engine.begin() as connection:
                connection.execute(
                    text("UPDATE workers SET challenger = :version"), {"version": self.going[2]}
                )

    def _goes_on(self) -> None:
        assert self.going is not None
        state, step, version = self.going
        if state == "planned" and self.preset.shadow is not None:
            self.going = ("shadow", 0, version)
        elif step < len(self.preset.steps):
            self.going = ("canary", step + 1, version)
        else:
            self._serves(version)

    def _serves(self, version: int) -> None:
        self.left.add(self.champion)
        self.sent_back.discard(version)
        self.previous, self.champion, self.going = self.champion, version, None


def _rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [
            connection.execute(select(table)).all()
            for table in (deployment_table, rollouts_table, audit_log, model_versions)
        ]


@pytest.mark.usefixtures("quiet")
def test_no_walk_leaves_the_table_and_what_is_refused_changes_nothing(engine: Engine) -> None:
    Walk.engine = engine
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Walk,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=checks
        ),
    )
