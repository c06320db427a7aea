"""configs/card.yaml: what the owner of a platform says in its models' cards; the file may be missing."""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from marquee.settings.documents import Document, load_document

Sentence: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000)]


class CardWords(Document):
    """What cannot be computed. The defaults are true of every model that Marquee makes.

    Attributes:
        owner: who answers for the model, and how to reach them; empty: nobody is named.
        intended_use, out_of_scope: what it is for, and what it must not be used for.
        limits: what it cannot do.
        risks: what harm it may do, and what is done about it.
    """

    owner: Annotated[str, Field(max_length=500)] = ""
    intended_use: Sentence = (
        "Ordering the items of one catalogue for one person, and predicting the stars that they would give, "
        "from what they have rated and done here."
    )
    out_of_scope: Sentence = (
        "Decisions about people (credit, work, prices, health), conclusions about who somebody is, and "
        "catalogues or audiences other than the one whose data it was trained on."
    )
    limits: tuple[Sentence, ...] = (
        "It knows people by their ratings and events alone: of somebody new it knows what is popular, until "
        "they have rated a few items.",
        "An item that nobody has rated is placed by its attributes alone, which is a guess.",
        "The figures are of past data: people rated what they were shown, so what was rarely shown is judged "
        "by few.",
        "It does not know what came after the newest rating that it was trained on; a rating made since "
        "counts at once in that person's own lists.",
    )
    risks: tuple[Sentence, ...] = (
        "Popular items gain by being shown (a feedback loop): lists can be made more diverse, and the "
        "exposure of item groups is measured by `marquee evaluate`.",
        "Groups of people with fewer ratings can be served worse: gates judge new people apart, and say "
        "of which groups there are figures.",
        "A list can reveal a person's taste: whoever can sign in as that person, or holds a key with the "
        "scope `read`, sees it.",
    )


def load_card_words(path: Path) -> CardWords:
    """Read `card.yaml`; the defaults where there is none.

    Raises:
        ConfigurationError: it is wrong; names the file and the key.
    """
    return load_document(path, CardWords) if path.exists() else CardWords()
