import io
import re

import pytest
from rich.console import Console

from marquee.stack.progress import Progress


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=40)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_step_is_told_when_it_begins_and_with_its_seconds_when_it_is_done(console: Console) -> None:
    progress = Progress(console)
    with progress.step("PostgreSQL"):
        assert printed(console) == "  … PostgreSQL\n"
    assert re.fullmatch(r"  … PostgreSQL\n  ✓ PostgreSQL \d+\.\d s\n", printed(console))


def test_a_step_that_fails_is_not_told_as_done(console: Console) -> None:
    with pytest.raises(ZeroDivisionError), Progress(console).step("PostgreSQL"):
        raise ZeroDivisionError
    assert "✓" not in printed(console)


def test_a_message_is_printed_as_it_is_and_on_one_line(console: Console) -> None:
    message = "[bold]/a/path[/bold] " + "x" * 80
    Progress(console).say(message)
    assert printed(console) == f"    {message}\n"
