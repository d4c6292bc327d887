"""Every SQL text of the house, and who owns which table: what the tests of ownership and of the schema read."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.elements import TextClause

import api
import engine
import handlers
import ui
from engine.store.base import Base, metadata
from tests.architecture.sources import HOUSE, calls

_STATEMENT = re.compile(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b")
_DIALECT = asyncpg.dialect()
#: What writes the table given as its first argument, and as its second.
_WRITES_FIRST, _WRITES_SECOND = {"insert", "update", "delete"}, {"insert_rows", "update_rows", "add_once", "put"}


@dataclass(frozen=True, slots=True)
class Statement:
    """An SQL text, where it stands, with its parameters as PostgreSQL numbers them."""

    module: str
    line: int
    sql: str


@cache
def modules() -> tuple[ModuleType, ...]:
    names = [each.name for room in (engine, handlers, api, ui) for each in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]
    return tuple(importlib.import_module(name) for name in names if not name.endswith("__main__"))


def room_of(module: str) -> str:
    """A capability of the business; elsewhere the whole of engine, api or ui."""
    top, _, rest = module.partition(".")
    return f"{top}.{rest.partition('.')[0]}" if top == "handlers" else top


@cache
def owners() -> dict[str, str]:
    """The room in which each table is declared."""
    modules()
    found = {mapper.local_table.name: room_of(mapper.class_.__module__) for mapper in Base.registry.mappers}
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, Table) and value.metadata is metadata:
                found.setdefault(value.name, "")
    return {name: room or _declared()[name] for name, room in found.items()}


def statements() -> Iterator[Statement]:
    """Every constant of SQL, at the foot of a module or within a function."""
    for module in modules():
        seen: set[str] = set()
        for value in vars(module).values():
            if isinstance(value, TextClause) and _STATEMENT.match(value.text):
                seen.add(value.text)
                yield Statement(module.__name__, 0, _numbered(value))
        for node in _calls(module):
            written = _constant(node)
            if written is not None and written not in seen:
                yield Statement(module.__name__, node.lineno, _numbered(text(written)))


def table_writes() -> Iterator[tuple[str, int, str]]:
    """Module, line and table of each write that names a table instead of spelling the SQL."""
    for module in modules():
        for node in _calls(module):
            if not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            place = 0 if called in _WRITES_FIRST else 1 if called in _WRITES_SECOND else None
            if place is None or len(node.args) <= place or not isinstance(node.args[place], ast.Name):
                continue
            table = getattr(module, node.args[place].id, None)
            name = table.name if isinstance(table, Table) else getattr(table, "__tablename__", None)
            if name is not None:
                yield module.__name__, node.lineno, name


def _constant(node: ast.Call) -> str | None:
    """The text of a call of `text("...")` that is spelled out."""
    if isinstance(node.func, ast.Name) and node.func.id == "text" and node.args:
        given = node.args[0]
        if isinstance(given, ast.Constant) and isinstance(given.value, str) and _STATEMENT.match(given.value):
            return given.value
    return None


def _numbered(clause: TextClause) -> str:
    return str(clause.compile(dialect=_DIALECT))


def _calls(module: ModuleType) -> tuple[ast.Call, ...]:
    return calls(Path(module.__file__ or "").relative_to(HOUSE).as_posix())


@cache
def _declared() -> dict[str, str]:
    """The room whose source declares each table of SQLAlchemy Core."""
    return {
        str(call.args[0].value): room_of(module.__name__)
        for module in modules()
        for call in _calls(module)
        if isinstance(call.func, ast.Name) and call.func.id == "Table" and call.args and isinstance(call.args[0], ast.Constant)
    }
