"""People sign versions that the gates let pass: approved, or declined.

`policy.yaml` says which parts must be signed. Each is signed once, two parts by two people; the first who
declines ends it. Reviewers wait for each other, so each knows what was signed before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from marquee.domain.errors import Conflict, Forbidden, InvalidInput
from marquee.domain.words import shows_something
from marquee.lifecycle.states import State, check_move
from marquee.settings.policy import Review as ReviewPolicy
from marquee.store import audit, reviews, versions
from marquee.store.reviews import Decision, Part, Review
from marquee.store.versions import ModelVersion

_ACTIONS: Mapping[State, str] = {"validated": "sign", "approved": "approve", "declined": "decline"}
_UNREVIEWED: Mapping[str, str] = {
    "candidate": "the gates have not judged it; `marquee models judge` has them do it.",
    "rejected": "the gates did not let it pass.",
    "approved": "it is approved already.",
    "declined": "it was declined already.",
    "retired": "it has served, and is retired.",
    "archived": "it is put away.",
}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review came to.

    Attributes:
        state: of the version now.
        missing: the parts that nobody has signed yet.
    """

    review: Review
    state: State
    missing: tuple[Part, ...]


def review(
    engine: Engine,
    version: int,
    *,
    part: Part,
    decision: Decision,
    comment: str,
    reviewer: str,
    policy: ReviewPolicy,
) -> Reviewed:
    """Approve or decline a validated version, for one part; one transaction with the audit.

    Args:
        comment: why; not blank.
        reviewer: the actor, such as `operator:ann`; whoever calls sees to it that they may operate.

    Raises:
        NotFound: there is no such version.
        InvalidInput: the comment is blank, or the policy asks for no such part.
        Conflict: the version is not `validated`, or the part is signed already.
        Forbidden: the policy keeps the reviewer from approving it.
    """
    _check_words(part, comment, policy)
    with engine.begin() as connection:
        audit.lock(connection)
        found = versions.get(connection, version)
        _check_state(found)
        before = reviews.of_version(connection, version)
        _check_reviewer(found, before, part, decision, reviewer, policy)
        given = reviews.add(
            connection,
            version=version,
            reviewer=reviewer,
            part=part,
            decision=decision,
            comment=comment,
            audit_head=audit.head(connection),
        )
        missing = missing_parts([*before, given], policy)
        return Reviewed(given, _follow(connection, given, missing), missing)


def missing_parts(given: Sequence[Review], policy: ReviewPolicy) -> tuple[Part, ...]:
    """The parts that the policy wants signed and nobody has approved."""
    signed = {one.part for one in given if one.decision == "approve"}
    return tuple(part for part in policy.sign_offs if part not in signed)


def same_person(one: str, other: str) -> bool:
    """Whether two actors are the same person: the name counts, not the way in (`operator:ann`, `shell:ann`).

    Nobody's name is empty: what was made before makers were recorded is nobody's own.
    """
    names = [actor.rpartition(":")[2].strip().casefold() for actor in (one, other)]
    return names[0] == names[1] != ""


def _check_words(part: Part, comment: str, policy: ReviewPolicy) -> None:
    if not shows_something(comment):
        raise InvalidInput("A review needs a comment.", hint="Say what you looked at, and why you decide so.")
    if part not in policy.sign_offs:
        raise InvalidInput(
            f"No {part} review is asked for.",
            hint=f"policy.yaml asks for: {', '.join(policy.sign_offs)}.",
        )


def _check_state(found: ModelVersion) -> None:
    if found.state != "validated":
        raise Conflict(
            f"Version {found.version} is {found.state}: {_UNREVIEWED[found.state]}",
            hint="Only validated versions are reviewed.",
        )


def _check_reviewer(
    found: ModelVersion,
    before: list[Review],
    part: Part,
    decision: Decision,
    reviewer: str,
    policy: ReviewPolicy,
) -> None:
    if decision == "decline":
        return  # whoever sees harm may stop it, also after having signed
    missing = missing_parts(before, policy)
    for one in before:
        if one.part == part and missing:  # nothing is when the policy wants fewer parts than it did
            raise Conflict(
                f"The {part} part of version {found.version} is signed already, by {one.reviewer}.",
                hint=f"Still to be signed: {', '.join(missing)}.",
            )
    if policy.own == "refuse" and same_person(found.requested_by, reviewer):
        raise Forbidden(
            f"Version {found.version} was made for {found.requested_by}, who may not approve it.",
            hint="policy.yaml says `own: refuse`: somebody else must.",
        )
    if any(one.part != part and same_person(one.reviewer, reviewer) for one in before):
        raise Forbidden(
            f"You have signed version {found.version} for another part.",
            hint="policy.yaml asks for two parts: two people sign them.",
        )


def _follow(connection: Connection, given: Review, missing: tuple[Part, ...]) -> State:
    """Move the version on, if this was the word that was missing, and write the audit."""
    state: State = "declined" if given.decision == "decline" else "validated" if missing else "approved"
    if state != "validated":
        check_move(given.version, "validated", state)
        versions.set_state(connection, given.version, expected="validated", state=state)
    audit.append(
        connection,
        actor=given.reviewer,
        action=_ACTIONS[state],
        subject=f"version {given.version}",
        reason=given.comment,
        evidence={
            "part": given.part,
            "decision": given.decision,
            "state": state,
            "missing": list(missing),
            "audit_head": given.audit_head,
        },
    )
    return state
