"""Numbers of things, in words."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,234 rows`; `many` where adding an s does not make the plural."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
