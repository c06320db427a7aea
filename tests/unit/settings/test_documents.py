"""configs/*.yaml: the files as shipped are good; a wrong one says where."""

from pathlib import Path

import pytest

from marquee.domain.errors import ConfigurationError, InvalidInput
from marquee.settings import RatingScale, check_configs, load_params, load_policy, load_serving
from marquee.settings.environment import CHECKOUT


def test_the_shipped_files_are_valid() -> None:
    assert load_params(CHECKOUT / "configs" / "params.yaml").rating.algorithm == "svd"
    assert load_serving(CHECKOUT / "configs" / "serving.yaml").rating_scale.accepts(4.5)
    assert load_policy(CHECKOUT / "configs" / "policy.yaml").gates.quality


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rating: {algorithm: svd, n_factors: 0}", "rating.n_factors"),
        ("rating: {algorithm: svd, n_factors: .nan}", "rating.n_factors"),
        ("rating: {algorithm: svd, lr_all: .inf}", "rating.lr_all"),
        ("rating: {algorithm: svd, factors: 3}", "rating.factors"),
        ("ranking: {algorithm: magic}", "ranking.algorithm"),
        (
            "ranking: {algorithm: blend, models: [{algorithm: ease, exponent: 2}]}",
            "ranking.models.0.exponent",
        ),
        ("rating: {algorithm: svd, n_factors: yes}", "rating.n_factors: a number is needed, not yes or no"),
        ("- a list", "the document"),
        ("rating: [unclosed", "is not YAML"),
        ("rating:\n  n_factors: [3", "params.yaml, line 2, column 16, is not YAML: expected ',' or ']'"),
        ("rating:\n  \x00", "params.yaml, line 2, column 3, is not YAML"),
        (
            "rating: {factors: 3}\n# a remark\nrating: {}",
            "line 3, column 1, is not YAML: the key rating stands twice",
        ),
        ("evaluation: {k: 3, k: 4}", "line 1, column 20, is not YAML: the key k stands twice"),
        (
            "rating: {algorithm: svd, factors: 3}",
            "rating.factors: there is no such key; there are algorithm, ",
        ),
        ("trainings: 3", "trainings: there is no such key; there are data, evaluation, "),
        ("rating: &one {n_epochs: 3}\nranking: {<<: *one, n_epochs: 4}", "n_epochs: there is no such key"),
        ("", "params.yaml is empty"),
        ("# nothing but a remark\n", "params.yaml is empty"),
        ("rating: {n_factors: 0, n_epochs: 0}", "rating.n_epochs"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(content)

    with pytest.raises(ConfigurationError) as caught:
        load_params(path)

    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "unicode string" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "quiet"),
    [
        ("{}", "blue-green"),
        ("{patch: null}", None),
        ("{patch: half, presets: {half: {steps: [{share: 0.5}]}}, default: half}", "half"),
        ("{patch: blue-green, quiet: null}", None),
    ],
)
def test_on_a_quiet_platform_new_data_go_as_ever_unless_it_is_said(
    tmp_path: Path, said: str, quiet: str | None
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(f"gates: {{}}\nrollouts: {said}\n")
    assert load_policy(path).rollouts.quiet == quiet


def test_as_shipped_new_data_are_tried_on_people_where_there_are_any() -> None:
    rules = load_policy(CHECKOUT / "configs" / "policy.yaml").rollouts
    assert rules.patch is not None
    assert rules.quiet is not None
    assert rules.presets[rules.patch].steps
    assert not rules.presets[rules.quiet].steps


@pytest.mark.parametrize("expression", ["daily", "0 3 * *", "99 3 * * *"])
def test_a_schedule_that_is_none_is_named(tmp_path: Path, expression: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(f'triggers: {{cron: "{expression}"}}\ngates: {{}}\n')

    with pytest.raises(ConfigurationError, match=r"triggers\.cron: .*no cron expression"):
        load_policy(path)


def test_every_wrong_file_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("")
    (tmp_path / "policy.yaml").write_text("gates: {}")
    (tmp_path / "serving.yaml").write_text("lists: {default_size: none}")

    with pytest.raises(ConfigurationError) as caught:
        check_configs(tmp_path)

    assert "params.yaml is empty" in str(caught.value)
    assert "policy.yaml" not in str(caught.value)
    assert "serving.yaml: lists.default_size" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml cannot be read"):
        load_params(tmp_path / "none.yaml")


@pytest.mark.parametrize("rating", [0.5, 1, 4.5, 5])
def test_the_scale_accepts_its_steps(rating: float) -> None:
    assert RatingScale().check(rating) == rating


@pytest.mark.parametrize("rating", [0, 0.4, 4.3, 5.5, 11, -1, float("nan"), float("inf")])
def test_the_scale_refuses_everything_else(rating: float) -> None:
    with pytest.raises(InvalidInput, match="not on the scale"):
        RatingScale().check(rating)


@pytest.mark.parametrize(("written", "stars"), [(4.5000000001, 4.5), (4.9999999, 5.0), (0.5000001, 0.5)])
def test_what_is_hardly_off_a_step_is_that_step(written: float, stars: float) -> None:
    assert RatingScale().check(written) == stars


@pytest.mark.parametrize("step", [0.1, 0.5, 1 / 3])
def test_stars_that_are_a_step_stay_as_they_are_written(step: float) -> None:
    scale = RatingScale(min=0, max=100, step=step)
    for steps in range(round(100 / step)):
        written = round(steps * step, 9)
        assert scale.check(written) == written


def test_what_is_hardly_off_the_end_of_a_scale_is_its_end() -> None:
    scale = RatingScale(min=0, max=0.6666666667, step=0.3333333333)
    assert scale.accepts(scale.check(0.6666666))


def test_stars_that_are_refused_are_told_to_their_last_digit() -> None:
    with pytest.raises(InvalidInput, match=r"A rating of 5\.0000000001 is not"):
        RatingScale().check(5.0000000001)


def test_a_scale_must_run_upwards(tmp_path: Path) -> None:
    path = tmp_path / "serving.yaml"
    path.write_text("rating_scale: {min: 5, max: 1, step: 1}")

    with pytest.raises(ConfigurationError, match="min must be below max"):
        load_serving(path)


@pytest.mark.parametrize(
    ("low", "high", "step", "liked"),
    [
        (0.5, 5, 0.5, 4),
        (1, 5, 1, 4),
        (1, 10, 1, 8),
        (0, 1, 1, 1),
        (0, 100, 1, 75),
        (-1, 1, 2, 1),
        (0, 8, 4, 8),
    ],
)
def test_liked_is_the_upper_quarter_of_the_scale(low: float, high: float, step: float, liked: float) -> None:
    assert RatingScale(min=low, max=high, step=step).liked == liked


def test_the_former_list_of_gates_is_told_of_the_section(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("gates:\n  - {metric: rmse, group: known, margin: 0.01}\n")
    with pytest.raises(ConfigurationError, match=r"gates: .*stand under `quality` of the section"):
        load_policy(path)


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ("{quality: [{metric: rmse, group: known, than: nobody}]}", "gates.quality.0.than"),
        ("{quality: [{metric: rmse, group: known, margin: -0.1}]}", "gates.quality.0.margin"),
        ("{slices: {by: [zodiac]}}", "gates.slices.by.0"),
        ("{slices: {margins: {}}}", "gates.slices.margins"),
        ("{slices: {people: 1}}", "gates.slices.people"),
        ("{cost: {slower: 0}}", "gates.cost.slower"),
        ("{sample: 0}", "gates.sample"),
    ],
)
def test_a_wrong_gate_is_named(tmp_path: Path, gates: str, said: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(f"gates: {gates}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_policy(path)
    assert said in str(caught.value)


def test_the_shipped_gates_hold_recipes_against_champion_and_baselines_for_known_and_new_people() -> None:
    gates = load_policy(CHECKOUT / "configs" / "policy.yaml").gates
    assert {(rule.than, rule.group) for rule in gates.quality} == {
        (than, group) for than in ("champion", "baselines") for group in ("known", "new")
    }
    assert gates.slices is not None
    assert gates.cost.list_p95_ms is not None
