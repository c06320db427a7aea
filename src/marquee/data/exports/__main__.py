"""`python -m marquee.data.exports KIND FORMAT`: one export, in a process of its own.

What went wrong is the last line of standard error, and the exit code is that of the error's kind.
"""

import os
import sys
from typing import cast

from marquee.domain.errors import MarqueeError
from marquee.settings import load_settings
from marquee.store.engine import connect, unavailable_when_away
from marquee.store.exports import Format, Kind, copy_out

_NICENESS = 5  # lists come first


def main() -> int:
    """Run the export that the arguments name."""
    os.nice(_NICENESS)
    kind, form = cast("Kind", sys.argv[1]), cast("Format", sys.argv[2])
    try:
        engine = connect(load_settings().database(), application_name="marquee-export", pool_size=1)
        with unavailable_when_away(), engine.connect() as connection:
            copy_out(connection, kind, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody reads any more
        os._exit(1)  # without the attempt to flush what nobody reads
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
