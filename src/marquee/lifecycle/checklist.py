"""The deployment checklist: what must hold before, and while, a version serves. Computed, never typed.

An item is `ok` when it was looked at and holds, `failed` when it was looked at and does not, and `not yet`
when it may come to hold, or could not be looked at from here: what is not known never passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import ConfigurationError
from marquee.lifecycle.artifacts import Found, ItemState, look_at_bundle, look_at_snapshot
from marquee.lifecycle.card import card_of
from marquee.lifecycle.holding import POLICY
from marquee.lifecycle.review import missing_parts
from marquee.settings import Policy, Settings, load_policy, load_serving
from marquee.settings.policy import Review as ReviewPolicy
from marquee.store import alerts, audit, audit_check, deployment, impressions, reviews, versions, workers
from marquee.store.audit import AuditEntry
from marquee.store.deployment import Deployment
from marquee.store.reviews import Review
from marquee.store.versions import ModelVersion
from marquee.store.workers import ServingWorker

_SIGNED = frozenset({"approved", "retired"})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist.

    Attributes:
        evidence: what its state rests on, in a sentence or two.
    """

    name: str
    state: ItemState
    evidence: str


def checklist(
    engine: Engine, version: int, settings: Settings, *, clock: Clock = system_clock
) -> tuple[Item, ...]:
    """Look at everything now, for one version.

    Raises:
        NotFound: there is no such version.
    """
    with engine.connect() as connection:
        found, now = versions.get(connection, version), deployment.get(connection)
        recorded = list(_in_postgres(connection, found, now, settings, clock()))
    bundle = Item("Bundle in the registry", *_parts(look_at_bundle(settings, version)))
    data = Item("Data snapshot", *_parts(look_at_snapshot(settings, version, found.snapshot)))
    return (*recorded, bundle, data)


def _parts(found: Found) -> tuple[ItemState, str]:
    return found.state, found.evidence


def _in_postgres(
    connection: Connection, found: ModelVersion, now: Deployment, settings: Settings, moment: datetime
) -> Iterator[Item]:
    policy, validity = _policy(settings)
    yield from gates_passed(found.gates)
    yield reviewed(
        found,
        reviews.of_version(connection, found.version),
        None if policy is None else policy.review,
        audit.newest_of(connection, "approve", f"version {found.version}"),
    )
    yield not_sent_back(found)
    yield card_complete(connection, found, settings)
    yield way_back(connection, found, now, moment)
    yield workers_warm(found, now, workers.alive(connection))
    yield validity
    yield audit_intact(connection)
    yield no_alert(connection, found)
    yield monitored(connection, settings, moment)


def gates_passed(gates: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
    """One item a kind of gate."""
    if not gates:
        yield Item("Gates", "not yet", "No gate has judged it.")
    kinds = dict.fromkeys(str(gate.get("kind", "quality")) for gate in gates)
    for kind in kinds:
        judged = [gate for gate in gates if gate.get("kind", "quality") == kind]
        failed = [str(gate["reason"]) for gate in judged if not gate["passed"]]
        passed = f"{len(judged) - len(failed)} of {len(judged)} passed."
        yield Item(f"Gates: {kind}", "failed" if failed else "ok", " ".join([passed, *failed]))


def reviewed(
    found: ModelVersion,
    given: Sequence[Review],
    policy: ReviewPolicy | None,
    approval: AuditEntry | None = None,
) -> Item:
    """Whether everybody has signed whom the policy asks for.

    Args:
        policy: None: it cannot be read.
        approval: the audit of it; None: there is none.
    """
    name, words = "Reviews", [f"{one.reviewer} ({one.part}): {one.decision}d." for one in given]
    if found.state in _SIGNED and approval is not None and _is_forced(approval):
        said = f"Overruled: {approval.actor} deployed it without the reviews it needs ({approval.reason})."
        return Item(name, "failed", " ".join([*words, said]))
    if found.state in _SIGNED:
        return Item(name, "ok", " ".join(words or ["Approved without a person; the audit says by what."]))
    if found.state == "declined":
        return Item(name, "failed", " ".join(words))
    if policy is None:
        asked = "policy.yaml cannot be read, so it is not known who must sign."
    else:
        asked = f"to be signed: {', '.join(missing_parts(given, policy))}."
    return Item(name, "not yet", " ".join([*words, f"It is {found.state}; {asked}"]))


def _is_forced(approval: AuditEntry) -> bool:
    """Whether a person approved it by promoting it: a review names its part, the policy itself."""
    return approval.actor != POLICY and "part" not in approval.evidence


def not_sent_back(found: ModelVersion) -> Item:
    """Whether nobody has sent it back since it last served."""
    name = "Not sent back"
    if found.sent_back is None:
        return Item(name, "ok", "Neither the judge nor a person has.")
    return Item(name, "failed", f"sent back {found.sent_back}")


def card_complete(connection: Connection, found: ModelVersion, settings: Settings) -> Item:
    """Whether its card has nothing left open."""
    try:
        missing = card_of(connection, found.version, settings).missing
    except ConfigurationError as error:
        return Item("Model card", "failed", str(error))
    if missing:
        return Item("Model card", "not yet", f"It lacks: {', '.join(missing)}.")
    return Item("Model card", "ok", "Every part has its figures.")


def way_back(connection: Connection, found: ModelVersion, now: Deployment, moment: datetime) -> Item:
    """Whether there is a version to return to: the one before, or the champion that it would replace."""
    name = "Way back"
    target = now.previous if found.version == now.champion else now.champion
    if target is None:
        return Item(name, "not yet", "No other version has served that was not sent back, inside its time.")
    other = versions.get(connection, target)
    if other.state != "approved":
        return Item(name, "failed", f"Version {target} is {other.state}.")
    until = other.purge_after
    if until is not None and until <= moment:
        return Item(name, "failed", f"The time to return to version {target} ended on {until:%Y-%m-%d} UTC.")
    limit = "" if until is None else f", until {until:%Y-%m-%d %H:%M} UTC"
    return Item(name, "ok", f"`marquee rollback` returns to version {target}{limit}.")


def workers_warm(found: ModelVersion, now: Deployment, alive: Sequence[ServingWorker]) -> Item:
    """Whether workers live, follow the deployment, and have in memory what they are to serve."""
    name = "Workers"
    if not alive:
        return Item(name, "failed", "No worker of the inference service has been seen lately.")
    problems = [f"{one.host}, process {one.pid}: {one.problem}" for one in alive if one.problem]
    if problems:
        return Item(name, "failed", " ".join(problems))
    warm = [one for one in alive if _is_warm(one, found.version, now)]
    state: ItemState = "ok" if len(warm) == len(alive) else "not yet"
    what = f"version {found.version}" if found.version in (now.champion, now.challenger) else "the deployment"
    return Item(name, state, f"{len(warm)} of {len(alive)} have {what} of revision {now.revision} in memory.")


def audit_intact(connection: Connection) -> Item:
    """Whether the audit log is whole: no row was changed, taken out or cut off."""
    found = audit_check.check(connection)
    if not found.is_whole:
        return Item("Audit", "failed", " ".join(found.faults))
    return Item("Audit", "ok", f"{found.rows} rows, the head is {found.head}.")


def no_alert(connection: Connection, found: ModelVersion) -> Item:
    """Whether nothing is known to be wrong with it."""
    about = alerts.open_about(connection, f"version {found.version}")
    if about:
        return Item("Alerts", "failed", " ".join(alert.message for alert in about))
    return Item("Alerts", "ok", "None is open about it.")


def monitored(connection: Connection, settings: Settings, moment: datetime) -> Item:
    """Whether what is shown is logged, so that what comes of it can be seen."""
    name = "Monitoring"
    try:
        logs = load_serving(settings.configs_dir / "serving.yaml").impressions.log
    except ConfigurationError as error:
        return Item(name, "failed", str(error))
    if not logs:
        return Item(name, "failed", "serving.yaml says `impressions: {log: false}`: nothing is measured.")
    if impressions.day_of(moment) not in impressions.days(connection):
        return Item(name, "not yet", "The log of lists has no place for today: no worker has made it.")
    return Item(name, "ok", "Lists are logged as they are shown.")


def _policy(settings: Settings) -> tuple[Policy | None, Item]:
    path = settings.configs_dir / "policy.yaml"
    try:
        policy = load_policy(path)
    except ConfigurationError as error:
        return None, Item("Policy", "failed", str(error))
    parts = ", ".join(policy.review.sign_offs)
    evidence = f"{path.name} is valid: {len(policy.rollouts.presets)} presets; to be signed: {parts}."
    return policy, Item("Policy", "ok", evidence)


def _is_warm(worker: ServingWorker, version: int, now: Deployment) -> bool:
    wanted = {now.champion, now.challenger} - {None}
    held = {worker.champion, worker.challenger}
    return worker.revision >= now.revision and wanted <= held and (version in held or version not in wanted)
