from datetime import UTC, datetime

from retraining.triggers import cron_trigger


def test_the_schedule_is_in_utc() -> None:
    after = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # a night when clocks change in Europe
    assert cron_trigger("0 3 * * *").get_next_fire_time(None, after) == datetime(2026, 3, 29, 3, tzinfo=UTC)
