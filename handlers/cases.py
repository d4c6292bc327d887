"""The case of a subject: who, what, lines, money, history, papers and what was decided before, in one shape for pages and programs.

A capability lists the kinds of its subjects in `cases.py`; they are found by being there. A kind is data: a statement for the head, one
for each further part, and how every column is written. Reading a case costs a constant number of statements.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

import handlers
from engine.problems import NotFound

_MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a statement as people see it.

    `written` is text, code, money, quantity, percent, points (of a percentage), days, day, moment, flag, address, mono, decider (a person
    or a rule), or the kind of subject that the value is the number of. `beside`, `odd` and `under` name columns: its currency or unit,
    whether it is out of the ordinary, and what stands under it, smaller.
    """

    name: str
    label: str
    written: str = "text"
    beside: str = ""
    odd: str = ""
    under: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a case: a statement of the head's columns as parameters. Its one row is facts, or its rows are a table."""

    title: str
    shown: Sequence[Shown]
    sql: str
    rows: bool = True
    #: Whether it is there for who looks closer.
    folded: bool = False


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of subject.

    `head` gives one row for a `:number`: the columns of `facts`, and `name` (who it is about), `state`, `customer_no`, `keys` (text[],
    business keys of the processes that carry it) and `papers` (text[], numbers under which its documents are filed). `named` finds
    subjects: `known_as` and `number`.
    """

    kind: str
    noun: str
    named: str
    head: str
    facts: Sequence[Shown]
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value: how it is written, beside which currency or unit, and whether it is out of the ordinary."""

    name: str
    label: str
    written: str
    value: Any
    beside: str = ""
    odd: bool = False
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a case: facts, or rows of facts under their labels."""

    title: str
    facts: Sequence[Fact] = ()
    rows: Sequence[Sequence[Fact]] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document that can be read in place."""

    id: int
    kind: str
    number: str
    media_type: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided: by a person (`who`), or by a decision table (`rules` are the rows that matched); `found` is what came out."""

    at: datetime
    what: str
    who: str
    rules: Sequence[int]
    found: Mapping[str, Any]
    instance_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that one should know of a subject before deciding on it."""

    kind: str
    noun: str
    number: str
    name: str
    state: str
    sections: Sequence[Section]
    papers: Sequence[Paper]
    decided: Sequence[Ruling]

    @property
    def names(self) -> set[str]:
        """The names of all single facts."""
        return {fact.name for section in self.sections for fact in section.facts}


@cache
def all_kinds() -> Mapping[str, CaseKind]:
    """Every capability's kinds of subjects, the most particular first."""
    modules = (f"handlers.{room.name}.cases" for room in iter_modules(handlers.__path__) if room.ispkg)
    found = [kind for module in modules if find_spec(module) for kind in import_module(module).CASES]
    return {kind.kind: kind for kind in sorted(found, key=lambda kind: _PARTICULAR.index(kind.kind))}


def read_case(tx: Session, kind: str, number: str) -> Case:
    """The case of a subject. Raises NotFound."""
    made = all_kinds().get(kind)
    rows = _rows(tx, made.head, {"number": number}) if made else []
    if made is None or not rows:
        raise NotFound(
            f"There is no {made.noun.lower() if made else kind} {number}.", code="case_unknown", next_step="Check the number in the list."
        )
    head = rows[0]
    return Case(
        kind=kind,
        noun=made.noun,
        number=number,
        name=head["name"] or "",
        state=head["state"] or "",
        sections=[Section(title="", facts=_facts(made.facts, head)), *_sections(tx, made.parts, {"number": number, **head})],
        papers=[Paper(**row) for row in tx.execute(_PAPERS, {"numbers": head["papers"]}).mappings()],
        decided=[_ruling(dict(row)) for row in tx.execute(_DECIDED, {"keys": head["keys"]}).mappings()],
    )


def identify(tx: Session, numbers: Collection[str]) -> dict[str, tuple[str, str]]:
    """What each of the numbers is: kind and number of the most particular subject that is known by it. One statement."""
    known: dict[str, tuple[str, str]] = {}
    if numbers:
        for row in tx.execute(text(_everything()), {"numbers": list(numbers)}):
            known.setdefault(row.known_as, (row.kind, row.number))
    return known


def is_known(tx: Session, kind: str, number: str) -> bool:
    """Whether there is a subject of that kind and number."""
    made = all_kinds().get(kind)
    known = f"SELECT EXISTS (SELECT FROM ({made.named}) AS named WHERE known_as = :number AND number = :number)" if made else ""
    return bool(known and tx.scalar(text(known), {"number": number}))


def subject_of(tx: Session, form_data: Mapping[str, Any], business_key: str | None, variables: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a task is about: the most particular subject its form names, else the one its instance carries, else one of its variables."""
    sources = (_texts(form_data), [business_key] if business_key else [], _texts(variables))
    known = identify(tx, list(dict.fromkeys(number for source in sources for number in source)))
    for source in sources:
        found = [known[number] for number in source if number in known]
        if found:
            return min(found, key=lambda subject: _PARTICULAR.index(subject[0]))
    return None


def _texts(data: Mapping[str, Any]) -> list[str]:
    return [value for value in data.values() if isinstance(value, str) and 0 < len(value) <= _LONGEST_NUMBER]


@cache
def _everything() -> str:
    every = (
        f"SELECT {rank} AS rank, '{kind.kind}' AS kind, known_as, number FROM ({kind.named}) AS named WHERE known_as = ANY(:numbers)"
        for rank, kind in enumerate(all_kinds().values())
    )
    return f"SELECT kind, known_as, number FROM ({' UNION ALL '.join(every)}) AS found ORDER BY rank"


def _sections(tx: Session, parts: Iterable[Part], given: Mapping[str, Any]) -> Iterable[Section]:
    for part in parts:
        rows = _rows(tx, part.sql, given)
        if not rows:
            continue
        if part.rows:
            yield Section(title=part.title, rows=_table(part.shown, rows[:_MOST_ROWS]), folded=part.folded)
        else:
            yield Section(title=part.title, facts=_facts(part.shown, rows[0]), folded=part.folded)


def _rows(tx: Session, sql: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.execute(text(sql), given).mappings()]


def _facts(shown: Iterable[Shown], row: Mapping[str, Any]) -> list[Fact]:
    """What there is to say: what is empty is left out."""
    return [fact for fact in (fact_of(column, row) for column in shown) if not _empty(fact.value)]


def _table(shown: Iterable[Shown], rows: Sequence[Mapping[str, Any]]) -> list[list[Fact]]:
    """Rows of facts without the columns that are empty in all of them."""
    filled = [column for column in shown if any(not _empty(row[column.name]) for row in rows)]
    return [[fact_of(column, row) for column in filled] for row in rows]


def fact_of(column: Shown, row: Mapping[str, Any]) -> Fact:
    """The value of a column in a row."""
    return Fact(
        name=column.name,
        label=column.label,
        written=column.written,
        value=row[column.name],
        beside=str(row[column.beside] or "") if column.beside else "",
        odd=bool(column.odd and row[column.odd]),
        under=str(row[column.under] or "") if column.under else "",
    )


def _empty(value: Any) -> bool:
    return value is None or value is False or value in ("", {}, [])


def _ruling(row: Mapping[str, Any]) -> Ruling:
    outcome, shown = row["found"] or {}, row["shown"] or {}
    found = {name: value for name, value in outcome.items() if name not in shown or shown[name] != value}
    rules = [match["index"] for match in row["matched"] or ()]
    return Ruling(at=row["at"], what=row["what"], who=row["who"] or "", rules=rules, found=found, instance_id=row["instance_id"])


#: Of two subjects that a task names, the one that comes first here is what it is about.
_PARTICULAR = (
    "dispute", "late-charge",
    "receipt", "statement", "return", "invoice", "purchase-order", "shipment", "group", "quote", "order", "item", "customer",
)  # fmt: skip
_LONGEST_NUMBER = 100
_PAPERS = text("""
SELECT id, kind, number, media_type, created_at FROM document WHERE number = ANY(:numbers) ORDER BY created_at DESC, id DESC LIMIT 30
""")
_DECIDED = text("""
SELECT at, what, who, matched, found, shown, instance_id FROM (
  SELECT task.completed_at AS at, task.title AS what, task.completed_by AS who, CAST(NULL AS jsonb) AS matched, task.outcome AS found,
         task.form_data AS shown, task.instance_id
  FROM user_task AS task JOIN instance ON instance.id = task.instance_id
  WHERE instance.business_key = ANY(:keys) AND task.state = 'completed'
  UNION ALL
  SELECT history.ended_at, coalesce(history.element_name, history.element_id), NULL, coalesce(history.detail -> 'matched', '[]'),
         history.changed, NULL, history.instance_id
  FROM history JOIN instance ON instance.id = history.instance_id
  WHERE instance.business_key = ANY(:keys) AND history.element_type = 'businessRuleTask' AND history.outcome = 'completed'
) AS decided ORDER BY at DESC LIMIT 20
""")
