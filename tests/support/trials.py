"""A challenger beside the champion of a service: what a rollout puts there, without its conductor."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select, text

from marquee.store import deployment, rollouts, tables
from marquee.store.deployment import Mode
from tests.support.service import Service, eventually
from tests.support.world import record_version, write_world_bundle

REGULARIZATION = 300.0  # of challengers: another than the champion's, so that lists differ


def plant_challenger(service: Service, version: int) -> None:
    """A version that may be tried, with its bundle on this machine."""
    write_world_bundle(service.home / "bundles" / str(version), regularization=REGULARIZATION)
    with service.engine.begin() as connection:
        record_version(connection, version)


def start_trial(service: Service, version: int, mode: Mode, *, share: float = 0.0, salt: str = "salt") -> int:
    """Put a version beside the champion, as step 0 of a new rollout; returns the rollout's number."""
    with service.engine.begin() as connection:
        now = deployment.get(connection)
        assert now.champion is not None
        rollout = rollouts.add(
            connection,
            challenger=version,
            champion=now.champion,
            preset="canary",
            plan={},
            salt=salt,
            requested_by="test",
            reason="a test",
            at=datetime.now(UTC),
        )
        rollouts.change(connection, rollout.rollout_id, expected_revision=rollout.revision, state="canary")
    set_step(service, rollout.rollout_id, version, mode, step=0, share=share, salt=salt)
    return rollout.rollout_id


def set_step(
    service: Service, rollout: int, version: int, mode: Mode, *, step: int, share: float, salt: str = "salt"
) -> None:
    """Go on to a step."""
    with service.engine.begin() as connection:
        revision = deployment.get(connection).revision
        rollouts.begin_step(connection, rollout, step=step, state="canary", share=share, at=datetime.now(UTC))
        deployment.set_trial(
            connection,
            challenger=version,
            rollout=rollout,
            mode=mode,
            step=step,
            share=share,
            salt=salt,
            expected_revision=revision,
        )


def end_trial(service: Service) -> None:
    """Let the champion serve everybody again; whichever rollout went is aborted."""
    with service.engine.begin() as connection:
        going = rollouts.active(connection)
        if going is not None:
            rollouts.change(
                connection,
                going.rollout_id,
                expected_revision=going.revision,
                state="aborted",
                outcome="test",
            )
        deployment.end_trial(connection, expected_revision=deployment.get(connection).revision)


def in_memory(service: Service) -> list[dict[str, Any]]:
    """What the workers say that they have, as anybody may read it."""
    with service.client("read") as client:
        workers: list[dict[str, Any]] = client.get("/api/v1/deployment").raise_for_status().json()["workers"]
    return workers


def follow(service: Service, *, workers: int = 2, **expected: Any) -> None:
    """Wait until all workers have followed the deployment, and have in memory what is expected."""
    with service.engine.connect() as connection:
        revision = deployment.get(connection).revision

    def all_have() -> bool:
        found = in_memory(service)
        wanted = {"revision": revision, **expected}
        return len(found) == workers and all(
            worker[name] == value for worker in found for name, value in wanted.items()
        )

    eventually(all_have, what=f"workers with {expected}")


def tallies(engine: Engine, rollout: int) -> dict[tuple[int, str], dict[str, list[float]]]:
    """What all workers counted, by step and variant: sums by bucket."""
    table = tables.rollout_tallies
    found: dict[tuple[int, str], dict[str, list[float]]] = {}
    names = ("requests", "errors", "empty", "fallback", "timed", "milliseconds", "milliseconds_squared")
    with engine.connect() as connection:
        for row in connection.execute(select(table).where(table.c.rollout_id == rollout)):
            sums = found.setdefault((row.step, row.variant), {name: [0.0] * 256 for name in names})
            for name in names:
                sums[name] = [a + b for a, b in zip(sums[name], row._mapping[name], strict=True)]
    return found


def shadow_figures(engine: Engine, rollout: int) -> dict[str, float]:
    """The sums of all workers; without the histogram of times."""
    found: dict[str, float] = {}
    table = tables.shadow_tallies
    with engine.connect() as connection:
        for figures in connection.scalars(select(table.c.figures).where(table.c.rollout_id == rollout)):
            for name, value in figures.items():
                if name != "seconds":
                    found[name] = found.get(name, 0) + value
    return found


def logged(engine: Engine, request_id: str) -> list[Any]:
    """The lists of a request in the log."""
    query = text("SELECT * FROM impressions WHERE request_id = CAST(:id AS uuid) ORDER BY user_id")
    with engine.connect() as connection:
        return list(connection.execute(query, {"id": request_id}))
