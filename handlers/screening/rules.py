"""How alike a party of an order and an entry of a list of denied parties are. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rapidfuzz import fuzz, process

#: Forms of companies: two names that differ in nothing else are one name.
_FORMS = frozenset(
    {"ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "doo", "gmbh", "inc", "incorporated", "kg", "limited", "llc", "llp"}
    | {"ltd", "nv", "ooo", "oy", "plc", "pte", "sa", "sarl", "sas", "spa", "srl", "the"}
)
#: Of more entries that are alike, the likest are shown.
MOST_MATCHES = 20


def plain(name: str) -> str:
    """A name as it is compared: small letters without accents, no punctuation, no form of company."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(letter))
    words = re.sub(r"[^\w\s]|_", " ", bare.replace(".", "")).split()
    return " ".join([word for word in words if word not in _FORMS] or words)


def party_key(name: str, country: str) -> str:
    """What a decision about a party is remembered by: it holds until the name or the country changes."""
    return f"{plain(name)}|{country.strip().upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a list: its names, plain, and the country it is in (empty: not said)."""

    id: int
    names: tuple[str, ...]
    country: str

    @property
    def key(self) -> str:
        """What a decision about the entry is remembered by."""
        return f"{';'.join(sorted(self.names))}|{self.country}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An entry that may be meant, by which of its names, and how alike they are, of 100."""

    entry: Entry
    name: str
    score: Decimal


@dataclass(frozen=True, slots=True)
class Entries:
    """A list, ready to be searched."""

    entries: Sequence[Entry]
    _names: list[str] = field(init=False, default_factory=list)
    _owners: list[Entry] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Lay all names side by side."""
        for entry in self.entries:
            for name in entry.names:
                self._names.append(name)
                self._owners.append(entry)

    def like(self, name: str, country: str, *, same_country: Decimal, other_country: Decimal) -> list[Match]:
        """The entries that are as alike as asked: one number where the country fits or is not known, another where it differs."""
        least = float(min(same_country, other_country))
        found = process.extract(plain(name), self._names, scorer=fuzz.token_sort_ratio, score_cutoff=least, limit=MOST_MATCHES)
        best: dict[int, Match] = {}
        for written, score, place in found:
            entry = self._owners[place]
            fits = not entry.country or not country or entry.country == country.strip().upper()
            exact = round(Decimal(str(score)), 1)
            if exact >= (same_country if fits else other_country) and entry.id not in best:
                best[entry.id] = Match(entry=entry, name=written, score=exact)
        return list(best.values())
