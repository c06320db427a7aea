"""docs/operations.md knows every setting."""

import re

from marquee.settings import Settings
from marquee.settings.environment import CHECKOUT, PREFIX


def test_every_setting_is_in_the_table() -> None:
    page = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(MARQUEE_[A-Z_]+)` \|", page, re.MULTILINE))
    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}
