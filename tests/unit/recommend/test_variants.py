"""Whom the challenger serves."""

from hashlib import blake2b
from math import sqrt

import pytest

from marquee.recommend.variants import BUCKETS, Draw
from tests.support.draws import bucket_of, in_challenger

PEOPLE = [f"user {number}" for number in range(20_000)]


def test_the_draw_is_the_documented_hash() -> None:
    digest = blake2b("ärzte/1".encode(), key=b"salt", digest_size=9).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    assert in_challenger("ärzte/1", "salt", position + 1e-6)
    assert not in_challenger("ärzte/1", "salt", position - 1e-6)
    assert bucket_of("ärzte/1", "salt") == digest[8]


def test_a_share_that_grows_only_adds_people() -> None:
    before: set[str] = set()
    for share in (0.0, 0.05, 0.25, 0.5, 1.0):
        draw = Draw("salt", share)
        now = {person for person in PEOPLE if draw.of(person)[0]}
        assert before <= now
        spread = 5 * sqrt(share * (1 - share) * len(PEOPLE))
        assert abs(len(now) - share * len(PEOPLE)) <= spread
        before = now
    assert len(before) == len(PEOPLE)


def test_nobody_is_drawn_for_a_share_of_nothing() -> None:
    assert not any(in_challenger(person, "salt", 0.0) for person in PEOPLE[:1000])


def test_another_rollout_draws_other_people_and_buckets_are_even() -> None:
    one, other = Draw("one", 0.5), Draw("other", 0.5)
    both = sum(one.of(person)[0] and other.of(person)[0] for person in PEOPLE)
    assert abs(both - len(PEOPLE) / 4) < 5 * sqrt(len(PEOPLE) * 3 / 16)
    counts = [0] * BUCKETS
    inside = [0] * BUCKETS
    for person in PEOPLE:
        is_inside, bucket = one.of(person)
        counts[bucket] += 1
        inside[bucket] += is_inside
    expected = len(PEOPLE) / BUCKETS
    assert sum((count - expected) ** 2 / expected for count in counts) < 255 + 5 * sqrt(2 * 255)  # chi square
    assert sum((n - c / 2) ** 2 / (c / 4) for n, c in zip(inside, counts, strict=True)) < 256 + 5 * sqrt(512)


def test_a_salt_that_is_too_long_for_the_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        Draw("x" * 65, 0.5)
