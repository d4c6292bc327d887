"""What becomes of each word that a model may use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Fate(StrEnum):
    """What becomes of an element or attribute."""

    #: It changes what happens, or what the check asks for.
    RUNS = "runs"
    #: It is kept and shown, and changes nothing here.
    DRAWN = "drawn"
    #: A process that uses it is not deployed.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of a vocabulary.

    `note` says what it does, why it changes nothing, or, of what is refused, what to do instead.
    """

    fate: Fate
    note: str
    #: Values of an attribute that ask for nothing; it is refused, or told of, with any other.
    harmless: tuple[str, ...] = ()
    #: Drawn, and said so where it stands: elsewhere it would change what happens.
    told: bool = False
    #: The BPMN elements that read it; empty for all.
    on: tuple[str, ...] = ()
    #: What to do where it stands and cannot be read as it is written; only of what another tool wrote and we translate.
    otherwise: str = ""
    #: It only holds others, each of which has an entry of its own.
    holds: bool = False


#: By word: `userTask` is an element, `message@name` its attribute, `@id` that of every element, `callActivity/ioSpecification` a child that
#: means something else there than elsewhere.
Entries = Mapping[str, Entry]


def runs(names: str, note: str, *on: str) -> Iterator[tuple[str, Entry]]:
    """These words change what happens, on the elements named or on all."""
    return _each(names, Entry(Fate.RUNS, note, on=on))


def drawn(names: str, note: str) -> Iterator[tuple[str, Entry]]:
    """These words are kept and shown, and nothing anywhere reads them."""
    return _each(names, Entry(Fate.DRAWN, note))


def told(names: str, note: str, *harmless: str) -> Iterator[tuple[str, Entry]]:
    """These words are kept and change nothing here, though they might elsewhere: the check says so."""
    return _each(names, Entry(Fate.DRAWN, note, harmless, told=True))


def refused(names: str, instead: str, *harmless: str) -> Iterator[tuple[str, Entry]]:
    """These words are refused, with what to do instead; an attribute is not, where its value is harmless."""
    return _each(names, Entry(Fate.REFUSED, instead, harmless))


def read_as(names: str, meaning: str, otherwise: str) -> Iterator[tuple[str, Entry]]:
    """Words of another tool that are read as ours where their meaning is certain; where it is not, `otherwise` says what to do."""
    return _each(names, Entry(Fate.RUNS, meaning, otherwise=otherwise))


def holds(names: str) -> Iterator[tuple[str, Entry]]:
    """Elements of another tool that are nothing but the place of others."""
    return _each(names, Entry(Fate.DRAWN, "Holds others, each of which has its own entry.", holds=True))


def _each(names: str, entry: Entry) -> Iterator[tuple[str, Entry]]:
    for name in names.split():
        yield name, entry


def table(*groups: Iterable[tuple[str, Entry]]) -> Entries:
    """All groups as one table. Raises ValueError when a word is in it twice."""
    found: dict[str, Entry] = {}
    for group in groups:
        for name, entry in group:
            if name in found:
                raise ValueError(f"{name!r} has two entries.")
            found[name] = entry
    return MappingProxyType(found)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one namespace."""

    #: How people write it: `camunda:assignee`; empty for BPMN itself.
    prefix: str
    #: Whose it is, in a sentence.
    title: str
    namespaces: tuple[str, ...]
    entries: Entries

    def element(self, tag: str, parent: str = "") -> Entry | None:
        """What becomes of an element, below a parent of this kind."""
        return self.entries.get(f"{parent}/{tag}") or self.entries.get(tag)

    def attribute(self, owner: str, name: str) -> Entry | None:
        """What becomes of an attribute of an element."""
        return self.entries.get(f"{owner}@{name}") or self.entries.get(f"@{name}")
