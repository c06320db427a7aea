"""The judge of rollouts under seeded traffic with known effects: how often it errs, how soon it decides."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

from benchmarks.judge_rollouts import HARM, PASS, POSITIVE, Outcome, Rules, growth, many, outcomes, percent
from benchmarks.judge_traffic import METRICS, World
from benchmarks.machine import CHECKOUT
from benchmarks.progress import say
from benchmarks.report import Row, at_least, at_most, plain
from marquee.lifecycle.conductor import WRITING_TIME
from marquee.lifecycle.observed import metrics
from marquee.settings import load_policy

RULES = Rules()
MARGIN = POSITIVE.margin
EFFECTS = (0.0, -0.05, -0.1, -0.2, -0.5)
TRAFFIC = {2.0: 300.0, 10.0: 60.0, 50.0: 20.0}  # requests a second: seconds between looks
ROLLOUTS = 16  # a cell of the table
LISTS = 60_000  # when a rollout of the table ends without a verdict
EVEN = ((0.5, 0.0),)
SHIPPED = load_policy(CHECKOUT / "configs" / "policy.yaml")


def measure(home: Path) -> list[Row]:  # noqa: ARG001 - nothing of the platform runs
    """The judge of production, on some thousand simulated rollouts."""
    return [*_errors(), *_against_fixed(), *_broken(), *_table()]


def _errors() -> list[Row]:
    """Judged on to the end of the time, even after a verdict that would have ended it: an upper bound."""
    say("500 rollouts without an effect, all metrics, a look every 10 s for 20 minutes at 10 req/s")
    world = World(10, 1200)
    same = outcomes(500, world, replace(RULES, look=10), ends=HARM)
    say("300 rollouts at the margin, positive answers alone, a look every 30 s for 100 minutes at 10 req/s")
    bad = World(10, 6000, effect=-MARGIN)
    passed = outcomes(300, bad, replace(RULES, look=30), ends=PASS, metrics=[POSITIVE])
    return [
        at_most(
            f"no effect: ever sent back, {len(METRICS)} metrics, 120 looks", percent(same, *HARM), "%", 5
        ),
        at_most(f"{-MARGIN:.0%}, the margin: ever passed, 200 looks", percent(passed, *PASS), "%", 5),
    ]


def _against_fixed() -> list[Row]:
    """People at detection over the people of a test of fixed size, of the same power, for the same traffic.

    That test looks once, two-sided at 5 %, with 80 % power, adjusted for clusters: it needs the time at which
    difference / standard error reaches 1.96 + 0.84. In lists of each variant this is (1.96 + 0.84)² D
    (p1 q1 + p0 q0) / difference², D the design effect: the clustered variance over that of as many
    independent lists.
    """
    say("200 rollouts of -20 %, half and half, a look every 30 s")
    world = World(10, 6000, effect=-0.2, steps=EVEN, trend=0.0)
    found = outcomes(200, world, replace(RULES, look=30), ends=HARM, metrics=[POSITIVE])
    looks = np.arange(60.0, world.seconds + 1, 60.0)
    people, lists, difference, variance = np.mean(
        many(40, partial(growth, world=world, looks=looks), first_seed=1000), axis=0
    ).T
    reached = -difference / np.sqrt(variance) >= norm.ppf(0.975) + norm.ppf(0.8)
    at = int(np.argmax(reached))
    if not reached[at]:
        raise ValueError("the traffic is too short for the test of fixed size")
    p0 = world.base
    p1 = p0 * (1 + world.effect)
    design = variance[at] * (lists[at] / 2) / (p1 * (1 - p1) + p0 * (1 - p0))
    fixed = ("fixed sample, 80 % power", float(people[at]))
    mean = float(np.mean([one.people for one in found]))
    most = float(np.quantile([one.people if one.verdict == "worse" else np.inf for one in found], 0.8))
    in_lists = float(np.mean([one.lists for one in found]))
    return [
        plain("-20 % of 5 %: design effect of the fixed sample", float(design), "times"),
        at_most("-20 % of 5 %: people at detection, mean", mean, "people", 2 * fixed[1], peer=fixed),
        at_most("the same, 80 % detected", most, "people", 2 * fixed[1], peer=fixed),
        plain("the same, mean, in lists", in_lists, "lists", peer=(fixed[0], float(lists[at]))),
    ]


def _broken() -> list[Row]:
    """From the first list that is shown, with the numbers of configs/policy.yaml."""
    judge, step = SHIPPED.judge, SHIPPED.rollouts.presets[SHIPPED.rollouts.default].steps[0]
    rules = Rules(judge.alpha, judge.planned_lists, judge.least_people, SHIPPED.rollouts.look_seconds)
    shipped = World(
        *(50, 240, ((step.share, 0.0),)),
        delay=20,
        window=60 * judge.attribution_minutes,
        early=judge.early_seconds or math.inf,
        writing=WRITING_TIME.total_seconds(),
    )
    rows = []
    for name, world in {
        "every list an error": replace(shipped, failing=1.0),
        "ranked at random (-90 % answers)": replace(shipped, effect=-0.9),
    }.items():
        say(f"100 challengers broken, {name}, a look every {rules.look:g} s at 50 req/s")
        found = outcomes(100, world, rules, ends=HARM, metrics=metrics(judge))
        seconds = [one.seconds if one.verdict == "worse" else np.inf for one in found]
        in_time = 100 * float(np.mean(np.array(seconds) <= 120))
        rows.append(at_least(f"{name}: out within 2 minutes", in_time, "%", 95))
        rows.append(plain(f"{name}: out, median", float(np.median(seconds)), "s"))
    return rows


def _table() -> list[Row]:
    cells = {}
    for rate, look in TRAFFIC.items():
        for effect in EFFECTS:
            say(f"{ROLLOUTS} rollouts of {effect:.0%} at {rate:g} req/s, all metrics")
            world = World(rate, LISTS / rate, effect=effect)
            cells[effect, rate] = outcomes(ROLLOUTS, world, replace(RULES, look=look))
    _show(cells)
    return [row for (effect, rate), found in cells.items() for row in _cell(effect, rate, found)]


def _cell(effect: float, rate: float, found: Sequence[Outcome]) -> list[Row]:
    what = f"{effect:.0%}, {rate:g} req/s"
    rows = [
        plain(f"{what}: sent back", percent(found, *HARM), "%"),
        plain(f"{what}: passed", percent(found, *PASS), "%"),
    ]
    decided = [one for one in found if one.verdict != "inconclusive"]
    if decided:
        minutes, people = (
            np.median([getattr(one, name) for one in decided]) for name in ("seconds", "people")
        )
        rows.append(plain(f"{what}: time to a verdict, median", float(minutes) / 60, "minutes"))
        rows.append(plain(f"{what}: people to a verdict, median", float(people), "people"))
    return rows


def _show(cells: dict[tuple[float, float], list[Outcome]]) -> None:
    """Time and people are those of rollouts that came to a verdict: median, and by when four fifths had."""
    table = Table(title="Effects by traffic", title_justify="left")
    for name in (
        "effect",
        "req/s",
        "sent back",
        "passed",
        "inconclusive",
        "minutes",
        "80 %",
        "people",
        "80 %",
    ):
        table.add_column(name, justify="right")
    for (effect, rate), found in cells.items():
        decided = [one for one in found if one.verdict != "inconclusive"] or found
        seconds, people = [one.seconds / 60 for one in decided], [one.people for one in decided]
        figures = [f"{np.quantile(seconds, q):,.1f}" for q in (0.5, 0.8)]
        figures += [f"{np.quantile(people, q):,.0f}" for q in (0.5, 0.8)]
        shares = [percent(found, *HARM), percent(found, *PASS), percent(found, "inconclusive")]
        table.add_row(f"{effect:.0%}", f"{rate:g}", *(f"{share:.0f} %" for share in shares), *figures)
    Console(width=120).print(table)
