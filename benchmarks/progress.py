"""What a long benchmark is doing: one line a step, with the time of day, on the error output."""

import sys
import time


def say(line: str) -> None:
    """Print a line at once, so that a person who waits knows for what."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)
