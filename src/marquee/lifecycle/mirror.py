"""MLflow's alias `champion` follows the deployment in Postgres, which holds the truth."""

from enum import Enum

from sqlalchemy import Engine

from marquee.registry.client import RegistryClient
from marquee.store import audit, deployment


class Mirroring(Enum):
    """What `mirror` found."""

    NOTHING = "nothing is deployed"
    IN_STEP = "the alias is where it should be"
    MOVED = "the alias followed a change of the deployment"
    RESTORED = "the alias had been moved by hand and was put back"


def mirror(engine: Engine, registry: RegistryClient) -> Mirroring:
    """Bring the alias in step with the deployment; safe to repeat.

    The deployment remembers the champion that was mirrored last. So an alias that merely lags behind (a crash
    between the two) is told apart from one that somebody moved in MLflow: that is put back, and audited.

    Raises:
        Unavailable: the registry is away; the next call does what this one could not.
    """
    with engine.connect() as connection:
        now = deployment.get(connection)
    if now.champion is None:
        return Mirroring.NOTHING
    alias = registry.champion()
    if alias == now.champion == now.mirrored:
        return Mirroring.IN_STEP
    if alias != now.champion:
        registry.set_champion(now.champion)
    by_hand = now.mirrored == now.champion
    with engine.begin() as connection:
        deployment.set_mirrored(connection, champion=now.champion, challenger=now.mirrored_challenger)
        if by_hand:
            audit.append(
                connection,
                actor="mirror",
                action="restore alias",
                subject=f"version {now.champion}",
                reason="The alias `champion` had been moved in MLflow; Postgres says which version serves.",
                evidence={"found": alias},
            )
    return Mirroring.RESTORED if by_hand else Mirroring.MOVED
