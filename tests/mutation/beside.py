"""Asks mutants of SQL beside the statement they are made of, with the same parameters at the same moment, and takes the asking back.

A mutant that gives the same rows (or changes the same rows to the same values) whenever it is asked cannot be noticed by any test.
"""

import re
from collections import defaultdict
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import TextClause, text

from tests.mutation.python_mutants import Mutant

#: Tests in which a mutant answers otherwise, until it is asked no more.
_ENOUGH = 20
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b(?!\s+SKIP)")


def is_comparable(sql: str) -> bool:
    """Reads, or changes one table in one way: an INSERT would use up numbers, and what a part of a statement changes is not seen."""
    plain = re.sub(r"FOR (NO KEY )?UPDATE", "", sql)
    writes = _WRITES.findall(plain)
    return not writes or (len(writes) == 1 and writes[0] != "INSERT" and re.match(r"\s*(UPDATE|DELETE)", sql) is not None)


class Beside:
    """Which mutants answered otherwise, and in which tests."""

    def __init__(self) -> None:
        self.now = ""
        self.watched: dict[str, list[Mutant]] = defaultdict(list)
        self.otherwise: dict[Mutant, set[str]] = {}

    def watch(self, mutant: Mutant) -> None:
        """Ask it from now on."""
        self.watched[mutant.sql].append(mutant)
        self.otherwise[mutant] = set()

    def executed(self, conn: Any, clauseelement: Any, multiparams: Any, params: Any, execution_options: Any) -> None:  # of SQLAlchemy
        """A statement is about to be executed: ask its mutants what they would answer."""
        if not isinstance(clauseelement, TextClause) or clauseelement.text not in self.watched:
            return
        asked = [each for each in self.watched[clauseelement.text] if len(self.otherwise[each]) < _ENOUGH]
        mutants = [each for each in asked if self.now not in self.otherwise[each]]
        right = _answer(conn, clauseelement.text, params) if mutants and not multiparams else None
        for each in mutants:
            if right is None or isinstance(right, Exception) or _answer(conn, each.statement, params) != right:
                self.otherwise[each].add(self.now)


def _answer(connection: Any, sql: str, parameters: Any) -> Any:
    """The rows, or what was changed; nothing of it stays. Behind the back of SQLAlchemy, so that no test that counts statements sees it."""
    changes = re.match(r"\s*(UPDATE|DELETE)", sql) is not None
    whole = f"{sql} RETURNING *" if changes and "RETURNING" not in sql else sql
    compiled = text(whole).compile(dialect=connection.dialect)
    cursor = connection.connection.cursor()
    try:
        cursor.execute("SAVEPOINT beside")
    except psycopg.Error as error:
        return error
    try:
        cursor.execute("SET LOCAL lock_timeout = '300ms'; SET LOCAL statement_timeout = '5s'")
        cursor.execute(str(compiled), compiled.construct_params(parameters))
        rows = cursor.fetchall() if cursor.description else cursor.rowcount
        return sorted(map(repr, rows)) if changes and cursor.description else rows
    except Exception as error:  # noqa: BLE001  # a mutant that cannot be executed answers otherwise
        return error
    finally:
        with suppress(psycopg.Error):
            cursor.execute("ROLLBACK TO SAVEPOINT beside")
            cursor.execute("RELEASE SAVEPOINT beside")
        cursor.close()
