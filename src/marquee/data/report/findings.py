"""What was noticed in the data, and what to do about it: rules over figures, each with its threshold."""

from collections.abc import Callable, Iterator

import numpy as np

from marquee.data.quality import CheckResult, Quality
from marquee.data.report.facts import DAY, item_counts, newcomer_share, rating_facts
from marquee.data.report.frames import Frames, gini
from marquee.domain.columns import GENDER, GENRES, RATING, TIME, TITLE, USER, YEAR
from marquee.reporting.model import Finding
from marquee.settings import RatingScale

_ORDER = {"error": 0, "warning": 1, "note": 2, "good": 3}


def all_findings(frames: Frames, quality: Quality, scale: RatingScale) -> tuple[Finding, ...]:
    """Every finding that the data gives rise to, the gravest first."""
    found = [*_of_quality(quality), *_positive(frames, scale.liked)]
    for rule in _RULES:
        finding = rule(frames)
        if finding is not None:
            found.append(finding)
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.level]))


def _of_quality(quality: Quality) -> Iterator[Finding]:
    for check in (*quality.errors, *quality.warnings):
        advice = "Mend these rows: no model is trained before." if check.severity == "error" else (
            "Look at these rows; trainings go on, and write this warning down.")  # fmt: skip
        seen = f"Expected: {check.meaning}. {_where(check)}".rstrip()
        yield Finding(check.severity, f"The check {check.name} fails", seen, advice)
    if not quality.errors:
        passed = sum(check.severity == "error" for check in quality.checks)
        yield Finding("good", "The data is sound", f"All {passed} checks that a training demands hold.", "")


def _where(check: CheckResult) -> str:
    """How many rows fail, and the first of them; nothing for a check of a whole table."""
    rows = f"{check.rows:,} rows of {check.table} do" if check.rows > 1 else f"1 row of {check.table} does"
    return f"{rows} not: {'; '.join(check.examples)}." if check.examples else ""


def _newcomers(frames: Frames) -> Finding | None:
    share = newcomer_share(frames)
    if share < 0.1:
        return None
    return Finding(
        "warning" if share > 0.5 else "note",
        "Most of the newest ratings are by new people"
        if share > 0.5
        else "Many newest ratings are by new people",
        f"{share:.0%} of the newest fifth of the ratings were made by people with none among the older ones.",
        "Judge models by time, fold a person's first ratings in, and report known and new people apart. A "
        "model that needs a trained row for each person has nothing for these.",
    )


def _positive(frames: Frames, liked: float) -> Iterator[Finding]:
    share = float((frames.ratings[RATING] >= liked).mean())
    if share < 0.5:
        return
    yield Finding(
        "note",
        "People rate what they like",
        f"{share:.0%} of the ratings have {liked:g} stars or more: people choose what they see and rate.",
        "What is missing is not disliked, and not random. Rank by who rated what, rather than by predicted "
        "stars alone, and do not read RMSE as the quality of a list.",
    )


def _tail(frames: Frames) -> Finding | None:
    counts = np.sort(item_counts(frames))[::-1]
    share = counts[: max(len(counts) // 10, 1)].sum() / max(counts.sum(), 1)
    if share < 0.3:
        return None
    return Finding(
        "warning" if share > 0.7 else "note",
        "A few items have most of the ratings",
        f"A tenth of the items has {share:.0%} of the ratings (Gini {gini(counts):.2f}).",
        "Popularity is a strong baseline: every model must beat it. Watch catalogue coverage and exposure "
        "beside accuracy, or the rare items are never shown.",
    )


def _rare(frames: Frames) -> Finding | None:
    counts = item_counts(frames)
    few, none = int((counts < 5).sum()), int((counts == 0).sum())
    if few < 0.1 * len(counts):
        return None
    return Finding(
        "note",
        "Many items are hardly rated",
        f"{few:,} of {len(counts):,} items have fewer than five ratings, {none:,} have none.",
        "Their means say little: shrink them. Recommend them by their attributes, and leave them out of "
        "leaderboards of the best rated.",
    )


def _sparse(frames: Frames) -> Finding | None:
    share = frames.matrix_share
    if share > 0.2:
        return None
    return Finding(
        "note",
        "The matrix is sparse",
        f"{share:.2%} of the pairs of a person and an item are rated.",
        "Regularise: the best strength is found on validation data (`marquee tune`).",
    )


def _one_sitting(frames: Frames) -> Finding | None:
    spans = frames.ratings.groupby(USER)[TIME].agg(lambda times: times.max() - times.min())
    share = float((spans < DAY).mean())
    if share < 0.3:
        return None
    return Finding(
        "note",
        "Most people came once" if share > 0.5 else "Many people came once",
        f"{share:.0%} of the people made all their ratings within a day.",
        "Their order says how the pages were laid out rather than how taste changes: be careful with models "
        "of sequences, and with decay by days.",
    )


def _drift(frames: Frames) -> Finding | None:
    ordered = frames.ratings.sort_values(TIME)
    half = len(ordered) // 2
    older, newer = (float(part[RATING].mean()) for part in (ordered.iloc[:half], ordered.iloc[half:]))
    if abs(newer - older) < 0.05:
        return None
    return Finding(
        "note",
        "Stars drift with time",
        f"The mean was {older:.2f} in the older half of the ratings and is {newer:.2f} in the newer.",
        "A random split would hide this from a model's figures; a split by time shows it. Train again as "
        "ratings come in.",
    )


def _popular_is_better(frames: Frames) -> Finding | None:
    facts = rating_facts(frames)
    if not {"stars", "popularity"} <= set(facts.columns):
        return None
    found = float(facts["stars"].corr(facts["popularity"], method="spearman"))
    if abs(found) < 0.1:
        return None
    more = "more" if found > 0 else "fewer"
    return Finding(
        "note",
        "Popularity and stars go together",
        f"Items with more ratings get {more} stars (rank correlation {found:.2f}).",
        "A model of stars learns popularity too; compare its lists with the baseline of popularity.",
    )


def _uneven_groups(frames: Frames) -> Finding | None:
    known = frames.users[GENDER].dropna()
    if known.nunique() < 2:
        return None
    shares = known.value_counts(normalize=True)
    if shares.iloc[0] < 0.6:
        return None
    return Finding(
        "note",
        "The groups are of unequal size",
        f"{shares.iloc[0]:.0%} of the people whose gender is known are {shares.index[0]}.",
        "A mean over all people is mostly theirs: report quality by group, and look at the gaps.",
    )


def _undescribed(frames: Frames) -> Finding | None:
    without = float((frames.items[GENRES].map(len) == 0).mean()) if len(frames.items) else 0.0
    if without < 0.05:
        return None
    return Finding(
        "note",
        "Some items have no genre",
        f"{without:.0%} of the items have none.",
        "Filters by genre and recommendations by content leave them out: add genres to the items file.",
    )


def _twins(frames: Frames) -> Finding | None:
    twins = int(frames.items.duplicated([TITLE, YEAR], keep=False).sum())
    if not twins:
        return None
    return Finding(
        "note",
        "Some items may be the same",
        f"{twins:,} items share their title and year with another.",
        "Their ratings are split between the copies, and a list may show both. Merge them at the source.",
    )


_RULES: tuple[Callable[[Frames], Finding | None], ...] = (
    _newcomers,
    _tail,
    _sparse,
    _rare,
    _one_sitting,
    _drift,
    _popular_is_better,
    _uneven_groups,
    _undescribed,
    _twins,
)
