"""Which customer a payer's name is most like. Pure."""

from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz, process, utils

#: How alike two names have to be, of 100, whatever the order of their words.
ALIKE: Final = 80


def nearest_name(written: str, names: Sequence[tuple[str, str]]) -> str | None:
    """The number of the customer whose name is most like what is written; None where none is alike enough, or two are equally.

    `names` are numbers and names of customers.
    """
    choices = [name for _, name in names]
    found = process.extract(written, choices, scorer=fuzz.token_set_ratio, processor=utils.default_process, score_cutoff=ALIKE, limit=2)
    if not found or (len(found) > 1 and found[0][1] == found[1][1]):
        return None
    return names[found[0][2]][0]
