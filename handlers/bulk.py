"""What can be brought in many rows at a time: a capability lists its kinds in `imports.py`; they are found by being there.

Rows go through three stages, each in a constant number of statements: they are judged (what is wrong with each, and what it would
change), written, and taken back. `handlers/imports` reads the files, keeps the rows and has the doors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Table, select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.state.runtime import Runtime
from engine.store import json_text
from engine.store.base import Base
from engine.store.locks import Lock, take
from handlers.identifiers import value_of
from handlers.rowsets import as_json, insert_rows

#: How many of the names of what stands in the way are said.
_MOST_NAMED: Final = 5


class Verdict(StrEnum):
    """What a row would do, or did."""

    ADD = "ADD"
    CHANGE = "CHANGE"
    #: It says what is on file already.
    SAME = "SAME"
    WRONG = "WRONG"
    #: It takes a second person.
    WAITS = "WAITS"


#: What a row of which something is written is.
WRITTEN: Final = frozenset({Verdict.ADD, Verdict.CHANGE})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: what it means, and an example of a value."""

    name: str
    meaning: str
    example: str = ""


@dataclass(slots=True, kw_only=True)
class Row:
    """A row of a file. `given` are its typed values, of the columns that are filled; `errors` say by column what is wrong and what to do.

    `before` is what was on file and `after` what is from then on, both by column; of a row that adds something there is no `before`.
    """

    line_no: int
    given: dict[str, Any]
    errors: dict[str, list[str]] = field(default_factory=dict)
    verdict: Verdict = Verdict.WRONG
    key: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] = field(default_factory=dict)

    def refuse(self, column: str, message: str) -> None:
        """Say what is wrong in a column."""
        self.verdict = Verdict.WRONG
        self.errors.setdefault(column, []).append(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """In which import rows are written or taken back, and by whom."""

    runtime: Runtime
    import_id: int
    actor: str

    @property
    def reference(self) -> str:
        """The name under which the import stands on what it wrote."""
        return f"IMPORT-{self.import_id}"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of rows: what it is called, who may bring it in (a role), and what it is made of.

    `draft` is the dataclass a row becomes, `key` the columns that name it. `guard` marks the rows that take a second person and answers
    why; `guarded_by` is the act by which that person confirms them.
    """

    code: str
    title: str
    about: str
    role: str
    draft: type[Any]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    guard: Callable[[Runtime, Session, Sequence[Row]], str] | None = None
    guarded_by: str = ""
    #: Whoever set a new company up brings this in at that place.
    place: int = 0

    @cached_property
    def required(self) -> frozenset[str]:
        """The columns that a new row cannot do without."""
        return frozenset(each.name for each in fields(self.draft) if each.default is MISSING and each.default_factory is MISSING)

    def judge(self, tx: Session, rows: Sequence[Row], *, writing: bool) -> None:
        """Give every row its verdict; with `writing`, what is decided on is locked first."""
        raise NotImplementedError

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:
        """Write the rows whose verdict says so."""
        raise NotImplementedError

    def undo(self, tx: Session, rows: Sequence[Row], work: Work) -> list[str]:
        """Take rows back as they were written; or answer what stands in the way, each by its name, and leave all as it is."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Refers:
    """A column that names a row of another table, found by `table.column`; `noun` is what it is called."""

    column: str
    table: type[Base] | Table
    names: str
    noun: str


@dataclass(frozen=True, kw_only=True)
class TableKind(Kind):
    """Rows that become rows of one table, column by column.

    `choices` are the only values of a column; `check` raises Invalid where values of a row contradict one another. `prepare` runs before
    rows are written. `elsewhere` names columns without a foreign key in which a row may be used: table and column, by the key's column.
    """

    table: type[Base]
    refers: tuple[Refers, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    check: Callable[[Any], None] | None = None
    prepare: Callable[[Session, Sequence[Row]], None] | None = None
    hold: Callable[[Session, Sequence[Row]], None] | None = None
    elsewhere: tuple[tuple[str, str], ...] = ()

    def judge(self, tx: Session, rows: Sequence[Row], *, writing: bool) -> None:
        """Check each row by itself, then all against what is on file."""
        for row in rows:
            read_values(self, row)
        sound = name_rows(self, rows)
        if writing and self.hold is not None:
            self.hold(tx, sound)
        kept = {key_of(self, each): each for each in self._on_file(tx, [row.given for row in sound])}
        for row in sound:
            self._decide(row, kept.get(key_of(self, row.given)))
        for refers in self.refers:
            _refuse_unknown(tx, self, refers, [row for row in sound if row.after])

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:  # noqa: ARG002  # other kinds say who writes
        """Insert what is new and bring up to date what changed: two statements."""
        if self.prepare is not None:
            self.prepare(tx, rows)
        insert_rows(tx, self.table, [row.after for row in rows if row.verdict is Verdict.ADD])
        self._set(tx, [row.after for row in rows if row.verdict is Verdict.CHANGE])

    def undo(self, tx: Session, rows: Sequence[Row], work: Work) -> list[str]:  # noqa: ARG002
        """Delete what was added and restore what was changed, where nobody has touched or used it since."""
        if self.hold is not None:
            self.hold(tx, rows)
        kept = {key_of(self, each): each for each in map(plain, self._on_file(tx, [row.after for row in rows]))}
        touched = [row.key for row in rows if kept.get(key_of(self, row.after)) != row.after]
        obstacles = [f"{self.title}: {_few(touched)} changed since."] if touched else []
        added = [row.after for row in rows if row.verdict is Verdict.ADD]
        obstacles += self._uses(tx, added)
        if not obstacles:
            self._set(tx, [row.before for row in rows if row.verdict is Verdict.CHANGE and row.before is not None])
            self._delete(tx, added)
        return obstacles

    def _decide(self, row: Row, kept: Mapping[str, Any] | None) -> None:
        values = {**(kept or {}), **row.given}
        missing = [name for name in self.required if name not in values]
        for name in missing:
            row.refuse(name, "is missing; fill the cell")
        for name, allowed in self.choices.items():
            if name in values and values[name] not in allowed:
                row.refuse(name, f"is {values[name]!r}; write one of {', '.join(allowed)}")
        if row.errors:
            return
        draft = self.draft(**values)
        self._check(row, draft)
        row.after = {each.name: getattr(draft, each.name) for each in fields(draft)}
        row.before = dict(kept) if kept is not None else None
        if not row.errors:
            row.verdict = Verdict.ADD if kept is None else Verdict.SAME if row.before == row.after else Verdict.CHANGE

    def _check(self, row: Row, draft: Any) -> None:
        if self.check is None:
            return
        try:
            self.check(draft)
        except Invalid as problem:
            for name, messages in (problem.errors or {"": [problem.detail]}).items():
                for message in messages:
                    row.refuse(name, message)

    def _on_file(self, tx: Session, rows: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
        if not rows:
            return ()
        name, joined = self.table.__tablename__, " AND ".join(f"kept.{each} = given.{each}" for each in self.key)
        columns = ", ".join(f"kept.{each.name}" for each in fields(self.draft))
        statement = text(
            f"SELECT {columns} FROM {name} AS kept JOIN jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) AS given ON {joined}"
        )
        keys = [{each: row[each] for each in self.key} for row in rows]
        return [dict(row) for row in tx.execute(statement, {"rows": as_json(keys)}).mappings()]

    def _set(self, tx: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        name, joined = self.table.__tablename__, " AND ".join(f"kept.{each} = given.{each}" for each in self.key)
        changes = ", ".join(f"{each} = given.{each}" for each in rows[0] if each not in self.key)
        tx.execute(
            text(
                f"UPDATE {name} AS kept SET {changes} FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) AS given "
                f"WHERE {joined}"
            ),
            {"rows": as_json(rows)},
        )

    def _delete(self, tx: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        name, joined = self.table.__tablename__, " AND ".join(f"kept.{each} = given.{each}" for each in self.key)
        tx.execute(
            text(f"DELETE FROM {name} AS kept USING jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) AS given WHERE {joined}"),
            {"rows": as_json(rows)},
        )

    def _uses(self, tx: Session, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Which of the rows are used, and where: by the foreign keys that name this table, and the columns that are known to."""
        if not rows or len(self.key) > 1:
            return []
        (key,) = self.key
        table = Base.metadata.tables[self.table.__tablename__]
        places = {
            (link.parent.table.name, link.parent.name)
            for other in Base.metadata.tables.values()
            for link in other.foreign_keys
            if link.column.table is table and link.column.name == key
        }
        given = [row[key] for row in rows]
        parts = [
            f"SELECT '{place}' AS place, min({column}) AS name, count(DISTINCT {column}) AS many FROM {place} WHERE {column} = ANY(:keys)"
            + (f" AND NOT {key} = ANY(:keys)" if place == table.name else "")
            for place, column in sorted(places | set(self.elsewhere))
        ]
        found = tx.execute(text(f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS used WHERE many > 0"), {"keys": given}) if parts else ()
        return [f"{self.title}: {each.name}{_more(each.many)} in use ({each.place.replace('_', ' ')})." for each in found]


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as an import keeps them: days are texts."""
    kept: dict[str, Any] = json_text.decode(json_text.encode(values))
    return kept


def key_of(kind: Kind, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """What names a row."""
    return tuple(values[name] for name in kind.key)


def name_rows(kind: Kind, rows: Sequence[Row]) -> list[Row]:
    """Give each row its key; answer those that can be looked up. A key that comes twice in a file is refused the second time."""
    seen: dict[tuple[Any, ...], int] = {}
    sound = []
    defaults = {each.name: each.default for each in fields(kind.draft) if each.default is not MISSING}
    for row in rows:
        for name in kind.key:
            if name not in row.given and name in defaults:
                row.given[name] = defaults[name]
            if name not in row.given and name not in row.errors:
                row.refuse(name, "is missing; fill the cell")
        if any(name in row.errors for name in kind.key):
            continue
        key = key_of(kind, row.given)
        row.key = " ".join(f"{part.normalize():f}" if hasattr(part, "normalize") else str(part) for part in key)
        if key in seen:
            row.refuse(kind.key[0], f"{row.key} is in line {seen[key]} already; leave one of the two")
            continue
        seen[key] = row.line_no
        if not row.errors:
            sound.append(row)
    return sound


def locking(lock: Lock, column: str) -> Callable[[Session, Sequence[Row]], None]:
    """Holds the rows of a table that a file names, found by a column."""

    def hold(tx: Session, rows: Sequence[Row]) -> None:
        take(tx, lock, sorted({(row.given or row.after)[column] for row in rows}))

    return hold


def read_values(kind: Kind, row: Row) -> None:
    """Bring each value into the form in which it is kept."""
    for name, value in list(row.given.items()):
        try:
            row.given[name] = value_of(kind.draft, name, value)
        except Invalid as problem:
            row.errors.setdefault(name, []).extend(problem.errors.get(name, [problem.detail]))


def _refuse_unknown(tx: Session, kind: TableKind, refers: Refers, rows: Sequence[Row]) -> None:
    wanted = {row.after[refers.column] for row in rows} - {None, ""}
    if not wanted:
        return
    known = known_names(tx, refers, wanted)
    if refers.table is kind.table:
        known |= {row.after[refers.names] for row in rows}
    for row in rows:
        name = row.after[refers.column]
        if name and name not in known:
            row.refuse(refers.column, unknown(refers.noun, name))


def known_names(tx: Session, refers: Refers, wanted: Iterable[str]) -> set[str]:
    """Which of the names are on file."""
    table = refers.table if isinstance(refers.table, Table) else refers.table.__table__
    column = table.c[refers.names]
    return set(tx.scalars(select(column).where(column.in_(sorted(wanted)))))


def unknown(noun: str, name: str) -> str:
    """What is said of a name that nothing has."""
    advice = ", or keep its leading zeros by making the cell text" if name.isdigit() else ""
    return f"there is no {noun} {name}; correct it, bring the {noun} in first{advice}"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _more(many: int) -> str:
    return f" and {many - 1} more are" if many > 1 else " is"
