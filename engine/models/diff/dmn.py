"""Two decision files compared: tables cell by cell, everything else by name."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from engine.models.diff.model import CellDiff, Change, RowDiff, TableDiff
from engine.models.reading.decisions import Column, DecisionFile, DecisionText, Rule, Table

_NOTE = "Note"


def compare_decisions(old: DecisionFile, new: DecisionFile) -> tuple[tuple[Change, ...], tuple[TableDiff, ...]]:
    """The changes outside of tables, and the tables that differ."""
    changes: list[Change] = []
    tables: list[TableDiff] = []
    before, after = {each.id: each for each in old.decisions}, {each.id: each for each in new.decisions}
    for identity in dict.fromkeys((*before, *after)):
        one, other = before.get(identity), after.get(identity)
        if one is None or other is None:
            changes += [_change("added" if one is None else "removed", each) for each in (one, other) if each]
            continue
        changes += _differences(one, other)
        if one.table and other.table:
            tables += _tables(other, one.table, other.table)
    return tuple(changes), tuple(tables)


def _change(kind: str, decision: DecisionText, setting: str = "", old: str | None = None, new: str | None = None) -> Change:
    return Change(kind, decision.id, decision.name, "Decision", setting, old, new)  # type: ignore[arg-type]  # one of Kind


def _differences(one: DecisionText, other: DecisionText) -> Iterator[Change]:
    before, after = dict(_settings(one)), dict(_settings(other))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield _change("changed", other, name, before.get(name), after.get(name))


def _settings(decision: DecisionText) -> Iterator[tuple[str, str]]:
    yield "name", decision.name
    for name in ("description", "variable", "type"):
        if getattr(decision, name):
            yield name, getattr(decision, name)
    if decision.requires:
        yield "requires", ", ".join(sorted(need.name for need in decision.requires))
    for number, (name, text) in enumerate(decision.entries):
        yield name or ("expression" if number == 0 else f"expression {number + 1}"), text
    yield "logic", "expression" if decision.table is None else "decision table"
    if decision.table is not None:
        yield "hit policy", decision.table.policy
        for kind, columns in (("input", decision.table.inputs), ("output", decision.table.outputs)):
            for column in columns:
                yield from _column(f"{kind} {column.label}", column)


def _column(prefix: str, column: Column) -> Iterator[tuple[str, str]]:
    yield prefix, column.expression
    for name in ("type", "allowed", "default"):
        if getattr(column, name):
            yield f"{prefix}: {name}", getattr(column, name)


def _tables(decision: DecisionText, old: Table, new: Table) -> Iterator[TableDiff]:
    columns = _columns(old, new)
    pairs = list(_pairs(old.rules, new.rules))
    rows = [row for one, other, moved in pairs if (row := _row(columns, one, other, moved=moved)) is not None]
    if rows:
        yield TableDiff(decision.id, decision.name, tuple(label for label, _, _ in columns), tuple(rows), len(pairs) - len(rows))


#: A column's label, and its place among the cells of an old and of a new rule.
_Place = tuple[str, int | None, int | None]


def _columns(old: Table, new: Table) -> list[_Place]:
    """The columns of both tables, each once: matched by id, else by label."""
    found: list[_Place] = []
    for before, after, shift_old, shift_new in (
        (old.inputs, new.inputs, 0, 0),
        (old.outputs, new.outputs, len(old.inputs), len(new.inputs)),
    ):
        taken: set[int] = set()
        for number, column in enumerate(before):
            match = _match(column, after, taken)
            taken |= set() if match is None else {match}
            label = column.label if match is None else after[match].label
            found.append((label, number + shift_old, None if match is None else match + shift_new))
        found += [(column.label, None, number + shift_new) for number, column in enumerate(after) if number not in taken]
    return found


def _match(column: Column, others: Sequence[Column], taken: set[int]) -> int | None:
    free = [(number, other) for number, other in enumerate(others) if number not in taken]
    of_id = (number for number, other in free if column.id and other.id == column.id)
    of_label = (number for number, other in free if other.label == column.label)
    return next(of_id, next(of_label, None))


def _pairs(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[tuple[Rule | None, Rule | None, bool]]:
    """Rules that belong together, in the order of the new table; True for one whose place among the others is another."""
    if _identified(old) and _identified(new):
        yield from _by_id(old, new)
        return
    matcher = SequenceMatcher(None, [_cells(rule) for rule in old], [_cells(rule) for rule in new], autojunk=False)
    for _, first, last, start, end in matcher.get_opcodes():
        for one, other in zip_longest(old[first:last], new[start:end]):
            yield one, other, False


def _by_id(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[tuple[Rule | None, Rule | None, bool]]:
    before, after = {rule.id: rule for rule in old}, {rule.id: rule for rule in new}
    common_old, common_new = [key for key in before if key in after], [key for key in after if key in before]
    steady = {key for a, _, size in SequenceMatcher(None, common_old, common_new).get_matching_blocks() for key in common_old[a : a + size]}
    waiting = [rule for rule in old if rule.id not in after]
    for rule in new:
        while waiting and waiting[0].number <= rule.number:
            yield waiting.pop(0), None, False
        yield before.get(rule.id), rule, rule.id in before and rule.id not in steady
    for rule in waiting:
        yield rule, None, False


def _identified(rules: Sequence[Rule]) -> bool:
    ids = [rule.id for rule in rules]
    return all(ids) and len(set(ids)) == len(ids)


def _cells(rule: Rule) -> tuple[str, ...]:
    return (*rule.inputs, *rule.outputs)


def _row(columns: Sequence[_Place], one: Rule | None, other: Rule | None, *, moved: bool) -> RowDiff | None:
    cells = [CellDiff(label, _cell(one, before), _cell(other, after)) for label, before, after in columns]
    notes = (None if one is None else one.note, None if other is None else other.note)
    if any(notes):
        cells.append(CellDiff(_NOTE, *notes))
    differs = any(cell.differs for cell in cells)
    kind = "added" if one is None else "removed" if other is None else "changed" if differs else "moved" if moved else ""
    if not kind:
        return None
    known = other or one
    identity = known.id if known else ""
    return RowDiff(kind, identity, one.number if one else None, other.number if other else None, tuple(cells))  # type: ignore[arg-type]


def _cell(rule: Rule | None, place: int | None) -> str | None:
    cells = () if rule is None else _cells(rule)
    return cells[place] if place is not None and place < len(cells) else None
