"""The rules of a decision table against all there can be: values that no rule answers, that too many answer, and rules nothing reaches.

Each column is a line of values (`domains`) on which rules begin and end. A sweep goes along the first, and wherever the rules that pass
change, along the next with only these, so that what cannot meet is never compared: 4,000 rules take a moment. Where a cell says more than
can be known, the rule may pass there and is not sure to: it closes no gap for certain, and makes none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from engine.dmn.cells import Passing, passing_of
from engine.dmn.domains import MAX_SAMPLES, AnyOther, Atom, Domain, Places
from engine.dmn.tables import Input, Rule, Table
from engine.feel.text import scalar_text
from engine.work import pay

#: Rules taken up or laid down at most; what a larger table was found to lack until then is told, and nothing about dead rules.
MAX_WORK: Final = 400_000
#: Rules that meet are looked at in pairs, and only so many.
MAX_MEETINGS: Final = 10
#: Whether two rules, by place in the table, may not both match.
Contradicts = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """Values of the inputs as an example, `deal_size = 3000, discount_pct = 25`, and the rules that match them, by place in the table."""

    example: str
    rules: tuple[int, ...]


@dataclass(slots=True)
class Coverage:
    """What the rules of a table answer: a case that none does, for each two that may not meet one case where they do, and idle rules."""

    gap: Case | None = None
    meetings: dict[tuple[int, int], Case] = field(default_factory=dict)
    #: Rules that match nothing, and those that match only what rules above them match too; empty where not all was looked at.
    dead: tuple[int, ...] = ()
    shadowed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """A column that tells rules apart: its text, its values, and for each rule where it may and where it surely does pass.

    None: everywhere.
    """

    place: int
    text: str
    values: Sequence[Atom]
    may: Sequence[Places | None]
    must: Sequence[Places | None]
    #: Whether its values are known at all.
    known: bool = True


def coverage_of(table: Table, contradicts: Contradicts | None = None) -> Coverage:
    """Look at every case the cells tell apart; `contradicts` says which rules may not meet, None that all may."""
    sweep = Sweep(tracks_of(table), contradicts)
    return sweep.over(len(table.rules))


def tracks_of(table: Table) -> list[Track]:
    """The columns that tell rules apart, those first that do so most; columns that read the same are one."""
    used = [place for place in range(len(table.inputs)) if any(rule.tests[place] is not None for rule in table.rules)]
    by_text: dict[str, list[int]] = {}
    for place in used:
        by_text.setdefault(table.inputs[place].text.text, []).append(place)
    tracks = [
        _track(table.inputs[places[0]], places[0], table.rules) if _alone(text, places) else _unknown(text, places[0], len(table.rules))
        for text, places in by_text.items()
    ]
    return sorted(tracks, key=lambda track: sum(edges is None for edges in track.may))


def _alone(text: str, places: Sequence[int]) -> bool:
    return bool(text) and len(places) == 1


def _unknown(text: str, place: int, rules: int) -> Track:
    """A column of which it is not known what passes: several that read the same, texts that do not compile, values without an order."""
    return Track(place, text, [Atom(None)], [None] * rules, [()] * rules, known=False)


def domain_of(column: Input, cells: Sequence[Passing]) -> Domain | None:
    """The values of a column; None where they cannot be put in order."""
    if column.type.feel_kind in ("list", "context"):
        return None
    allowed = [passing_of(text) for text in (column.allowed, column.type.allowed) if text is not None]
    try:
        return Domain(column.type.feel_kind, column.type.name, cells, allowed)
    except (TypeError, ArithmeticError):  # times with and without a zone
        return None


def _track(column: Input, place: int, rules: Sequence[Rule]) -> Track:
    texts = [rule.tests[place] for rule in rules]
    cells = [None if text is None else passing_of(text, column.aliases) for text in texts]
    domain = domain_of(column, [cell for cell in cells if cell is not None])
    if domain is None or not domain.values:
        return _unknown(column.text.text, place, len(rules))
    samples = len(domain.values) * sum(cell is not None and cell.sampled for cell in cells)
    may: list[Places | None] = []
    must: list[Places | None] = []
    for cell, text in zip(cells, texts, strict=True):
        if cell is None or text is None:
            may.append(None)
            must.append(None)
        elif cell.unknown or (cell.sampled and samples > MAX_SAMPLES):
            may.append(None)
            must.append(())
        else:
            may.append(domain.edges(cell, text, column.aliases))
            must.append(may[-1])
    return Track(place, column.text.text, domain.values, may, must)


class Sweep:
    """One look at all cases; `work` is what it took."""

    def __init__(self, tracks: Sequence[Track], contradicts: Contradicts | None) -> None:
        self.tracks = tracks
        self.contradicts = contradicts
        self.found = Coverage()
        self.seen = 0
        self.first = 0
        self.work = 0
        self.known: set[tuple[int, int, int]] = set()

    def over(self, rules: int) -> Coverage:
        """Look at so many rules."""
        everything = (1 << rules) - 1
        self.along(0, everything, everything, ())
        if self.work <= MAX_WORK:
            self.found.dead = tuple(_places(everything & ~self.seen))
            self.found.shadowed = tuple(_places(self.seen & ~self.first))
        return self.found

    def along(self, depth: int, may: int, must: int, path: tuple[int, ...]) -> None:
        """Go along one column with the rules that may match so far, and those that surely do; `path` has a place of each column before."""
        if not may:
            self.found.gap = self.found.gap or Case(self._example(path), ())
            return
        if depth == len(self.tracks):
            self._meet(may, must, path)
            return
        if (depth, may, must) in self.known or self.work > MAX_WORK:
            return
        self.known.add((depth, may, must))
        track = self.tracks[depth]
        changes = self._changes(track, may, must)
        now_may = now_must = 0
        places = [*sorted(changes), len(track.values)]
        for place, following in pairwise(places):
            now_may ^= changes[place][0]
            now_must ^= changes[place][1]
            self.along(depth + 1, now_may, now_must, (*path, _shown(track.values, place, following)))

    def _changes(self, track: Track, may: int, must: int) -> dict[int, list[int]]:
        """At which places which of these rules begin or cease."""
        changes: dict[int, list[int]] = {0: [0, 0]}
        for rule in _places(may):
            bit = 1 << rule
            edges = track.may[rule]
            for place in (0,) if edges is None else edges:
                changes.setdefault(place, [0, 0])[0] ^= bit
            self.work += 1 if edges is None else len(edges)
            if must & bit:
                sure = track.must[rule]
                for place in (0,) if sure is None else sure:
                    changes.setdefault(place, [0, 0])[1] ^= bit
        pay(len(changes))
        changes.pop(len(track.values), None)
        return changes

    def _meet(self, may: int, must: int, path: tuple[int, ...]) -> None:
        self.seen |= may
        surely_first = must & -must
        self.first |= may & ((surely_first << 1) - 1) if surely_first else may
        if self.contradicts is None or not must & (must - 1) or len(self.found.meetings) >= MAX_MEETINGS:
            return
        for pair in pairwise(_places(must)):
            if pair not in self.found.meetings and self.contradicts(*pair):
                self.found.meetings[pair] = Case(self._example(path), pair)
                if len(self.found.meetings) >= MAX_MEETINGS:
                    return

    def _example(self, path: Sequence[int]) -> str:
        shown = {track.place: _said(track, track.values[place]) for track, place in zip(self.tracks, path, strict=False)}
        return ", ".join(shown[place] for place in sorted(shown) if shown[place])


def _shown(values: Sequence[Atom], place: int, following: int) -> int:
    """A value of a stretch as its example: one inside rather than an end."""
    return next((inside for inside in range(place, following) if values[inside].preferred), place)


def _said(track: Track, atom: Atom) -> str:
    if isinstance(atom.value, AnyOther):
        return f"{track.text} = any other text"
    return f"{track.text} = {written(atom.value)}" if track.known else ""


def written(value: object) -> str:
    """A value as a cell would say it."""
    return f'"{value}"' if isinstance(value, str) else scalar_text(value)


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
