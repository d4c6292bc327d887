"""Every kind of rows that can be brought in, found by its capability; and the rows of a file as a kind reads them."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import handlers
from engine.problems import Forbidden, NotFound
from engine.runtime.state.people import Person
from handlers.bulk import Kind, Row
from handlers.imports.cells import Unreadable, read_cell, types_of
from handlers.imports.sheets import LINE, Line


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Every kind, in the order in which a new company brings them in."""
    modules = (f"handlers.{room.name}.imports" for room in iter_modules(handlers.__path__) if room.ispkg)
    found: list[Kind] = [kind for module in modules if find_spec(module) for kind in import_module(module).KINDS]
    return tuple(sorted(found, key=lambda kind: (kind.place, kind.code)))


def find_kind(code: str) -> Kind:
    """The kind. Raises NotFound."""
    found = next((kind for kind in all_kinds() if kind.code == code), None)
    if found is None:
        raise NotFound(
            f"There is no kind of import {code!r}.",
            code="import_kind_unknown",
            next_step=f"Use one of {', '.join(kind.code for kind in all_kinds())}.",
        )
    return found


def refuse_without_role(kind: Kind, person: Person) -> None:
    """Raises Forbidden where the person may not bring such rows in."""
    if kind.role not in person.roles:
        raise Forbidden(
            f"{person.name} may not bring in {kind.title.lower()}: it needs the role {kind.role}.",
            code="role_missing",
            next_step="Ask an administrator to add you to a group that grants it.",
        )


def rows_of(kind: Kind, lines: Sequence[Line], *, commas: bool) -> list[Row]:
    """The rows of a file, each cell read by the type of its column; what cannot be read stands among the row's errors."""
    types = types_of(kind.draft)
    rows = []
    for line in lines:
        row = Row(line_no=line.line_no, given={})
        if line.wrong:
            row.refuse(LINE, line.wrong)
        for name, text in line.cells.items():
            try:
                row.given[name] = read_cell(types[name], text, commas=commas)
            except Unreadable as error:
                row.refuse(name, str(error))
        rows.append(row)
    return rows
