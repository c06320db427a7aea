"""Words that people give: a reason, a comment, a title. They must show something to whoever reads them."""

import re
import unicodedata

from marquee.domain.errors import InvalidInput

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and a symbol that show nothing

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # Unicode's Cc, Zl, Zp: none stands within a line


def shows_something(text: str) -> bool:
    """Whether a text has a visible character: a letter, a digit, a mark or a symbol."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK_LETTERS for one in text)


def check_reason(text: str) -> None:
    """Raise InvalidInput for a reason that shows nothing."""
    if not shows_something(text):
        raise InvalidInput("The reason shows nothing.", hint="Say why; it stands in the audit.")
