from datetime import UTC, datetime

import pytest
from retraining.triggers import cron_trigger

from marquee.domain.errors import ConfigurationError


def test_the_schedule_is_in_utc() -> None:
    after = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # a night when clocks change in Europe
    assert cron_trigger("0 3 * * *").get_next_fire_time(None, after) == datetime(2026, 3, 29, 3, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["daily", "0 3 * *", "99 3 * * *"])
def test_a_wrong_expression_is_named(expression: str) -> None:
    with pytest.raises(ConfigurationError, match=r"policy.yaml: triggers.cron: .* is no cron expression"):
        cron_trigger(expression)
