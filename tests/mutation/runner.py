"""Tries mutants inside one run of pytest: the tests are collected and PostgreSQL is started once, each mutant lives in a forked child.

First every test runs once and tells which statements it reaches, of Python and of SQL, and then once more while every mutant of SQL that is
reached answers beside the statement it was made of: one that never answers otherwise survives without more ado. The others are tried by
the tests that reach them (of SQL: that it answered otherwise in), those that have been red most often and then the quickest first, until
one is red; a test that never ends is ended and counts as red.
"""

import gc
import importlib
import math
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from sqlalchemy import TextClause, create_engine, event, text
from sqlalchemy.engine import Engine, make_url

from tests.databases import Standing
from tests.mutation import sql_mutants
from tests.mutation.beside import Beside, is_comparable
from tests.mutation.python_mutants import Mutant, Source
from tests.mutation.targets import Group

_LEFT_BEHIND = "SELECT datname FROM pg_database WHERE datname LIKE 'ordercraft_test_%'"


@dataclass(slots=True)
class Outcome:
    """What became of a mutant: killed, survived, or never reached by a test."""

    file: str
    where: str
    line: int
    change: str
    sql: bool
    state: str
    by: str = ""


@dataclass(slots=True)
class _Reached:
    """Which tests reach a statement, and how long each takes."""

    now: str = ""
    lines: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    modules: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    statements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    took: dict[str, float] = field(default_factory=dict)

    def hit(self, module: str, line: int) -> None:
        self.lines[module, line].add(self.now)
        self.modules[module].add(self.now)

    def executed(self, conn: Any, clauseelement: Any, multiparams: Any, params: Any, execution_options: Any) -> None:
        if isinstance(clauseelement, TextClause):
            self.statements[clauseelement.text].add(self.now)


class Runner:
    """A plugin of pytest that runs mutants in place of the tests."""

    def __init__(self, group: Group, wanted: Callable[[Mutant], bool], tell: Callable[[Outcome], None], *, survey: bool = False) -> None:
        self.group, self.wanted, self.tell, self.survey = group, wanted, tell, survey
        self.reached, self.beside = _Reached(), Beside()
        self.urls: dict[str, str] = {}
        self.outcomes: list[Outcome] = []
        self.kills: Counter[str] = Counter()
        #: Every mutant there is now, wanted or not: by file, place and change.
        self.known: set[tuple[str, str, str]] = set()
        self.red: list[str] = []

    def pytest_configure(self) -> None:
        """A mutant is killed by an example, whichever: none is made small."""
        from hypothesis import Phase, settings  # pytest must have begun

        settings.register_profile("mutants", phases=(Phase.explicit, Phase.generate), database=None, deadline=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        """Remember where the server is, to tidy up behind a child that was ended."""
        value = yield
        if fixturedef.argname in {"server_url", "shared_database", "shared_company"}:
            self.urls[fixturedef.argname] = getattr(value, "url", value)
        return value

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All tests once, then each mutant."""
        if self.survey:
            self._survey(session)
            return True
        sources = [Source(importlib.import_module(name)) for name in self.group.python]
        ends = [source.watch(self.reached.hit) for source in sources]
        event.listen(Engine, "before_execute", self.reached.executed)
        last = _Between(session)
        for item in session.items:
            self.reached.now = item.nodeid
            begun = time.monotonic()
            if _is_red(item, last):
                self.red.append(item.nodeid)
            self.reached.took[item.nodeid] = time.monotonic() - begun
        event.remove(Engine, "before_execute", self.reached.executed)
        for end in ends:
            end()
        if not self.red:
            items = {item.nodeid: item for item in session.items}
            every = list(self._mutants(sources))
            self.known = {(each.file, each.where, each.change) for each in every}
            mutants = list(filter(self.wanted, every))
            gc.freeze()  # what a child does not touch it need not copy
            self._compare(mutants, items, last)
            for mutant in mutants:
                outcome = self._try(mutant, items, last)
                self.outcomes.append(outcome)
                self.tell(outcome)
        return True

    def _mutants(self, sources: list[Source]) -> Iterator[Mutant]:
        for source in sources:
            yield from source.mutants(self.group.python[source.module.__name__])
        for name in self.group.sql:
            yield from _statement_mutants(name)

    def _survey(self, session: pytest.Session) -> None:
        """Only tell which mutants of SQL never answer otherwise: in the time of one run of the tests."""
        mutants = [each for each in self._mutants([]) if self.wanted(each) and is_comparable(each.sql)]
        for mutant in mutants:
            self.beside.watch(mutant)
        event.listen(Engine, "before_execute", self.beside.executed)
        for item in session.items:
            self.beside.now = item.nodeid
            runtestprotocol(item, nextitem=_Between(session), log=False)
        event.remove(Engine, "before_execute", self.beside.executed)
        for each in mutants:
            if not self.beside.otherwise[each]:
                self.tell(Outcome(each.file, each.where, each.line, each.change, sql=True, state="survived"))

    def _compare(self, mutants: list[Mutant], items: dict[str, Any], last: Any) -> None:
        """Let the mutants of SQL answer beside the original wherever it runs."""
        for mutant in mutants:
            if mutant.sql and mutant.statement and is_comparable(mutant.sql):
                self.beside.watch(mutant)
        wanted = set().union(*(self.reached.statements[sql] for sql in self.beside.watched))
        event.listen(Engine, "before_execute", self.beside.executed)
        for name in wanted:
            self.beside.now = name
            runtestprotocol(items[name], nextitem=last, log=False)
        event.remove(Engine, "before_execute", self.beside.executed)

    def _tests(self, mutant: Mutant) -> list[str]:
        module = mutant.file.removesuffix(".py").replace("/", ".")
        if mutant.sql == "*":
            found = set(self.reached.took)
        elif mutant in self.beside.otherwise:
            found = self.beside.otherwise[mutant]
        elif mutant.sql:
            found = self.reached.statements[mutant.sql]
        elif mutant.lines:
            found = set.union(*(self.reached.lines[module, line] for line in mutant.lines))
        else:
            # A constant may be read without a statement of its module.
            found = self.reached.modules[module] | {name for name in self.reached.took if name.startswith("tests/unit/")}
        return sorted(found, key=lambda name: (-self.kills[name], self.reached.took[name]))

    def _try(self, mutant: Mutant, items: dict[str, Any], last: Any) -> Outcome:
        tests = self._tests(mutant)
        outcome = Outcome(mutant.file, mutant.where, mutant.line, mutant.change, bool(mutant.sql), "unreached")
        if not tests:
            outcome.state = "survived" if mutant in self.beside.otherwise and self.reached.statements[mutant.sql] else "unreached"
            return outcome
        read, write = os.pipe()
        child = os.fork()
        if not child:
            _live(mutant, [(items[name], math.ceil(10 + 5 * self.reached.took[name])) for name in tests], last, write)
        os.close(write)
        outcome.state, outcome.by = self._wait(child, read)
        self.kills[outcome.by] += 1
        return outcome

    def _wait(self, child: int, read: int) -> tuple[str, str]:
        with os.fdopen(read) as told:
            by = told.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            self._tidy()
            return "killed", "time"
        return {0: "survived", 1: "killed"}.get(os.waitstatus_to_exitcode(status), "invalid"), by

    def _tidy(self) -> None:
        """Empty and drop what a child that was ended has left."""
        for name in self.urls.keys() - {"server_url"}:
            standing = Standing(self.urls[name])
            standing.restore()
            standing.close()
        server = create_engine(make_url(self.urls["server_url"]), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            for name in connection.execute(text(_LEFT_BEHIND)).scalars().all():
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        server.dispose()


class _Between:
    """Stands for the next test, so that only what the whole session shares is kept."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session

    def listchain(self) -> list[Any]:
        return [self.session]


def _live(mutant: Mutant, tests: list[tuple[Any, int]], last: Any, write: int) -> None:
    """The life of a child: it becomes wrong, and is asked by one test after the other."""
    code = 3
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        mutant.apply()
        code = 0
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for item, seconds in tests:
            signal.alarm(seconds)  # it ends the child
            if _is_red(item, last):
                os.write(write, item.nodeid.encode())
                code = 1
                break
    except BaseException as error:  # noqa: BLE001  # a child never goes back into the parent's run
        os.write(write, f"{type(error).__name__}: {error}"[:200].encode())
        code = code or 1
    finally:
        os._exit(code)


def _is_red(item: Any, last: Any) -> bool:
    reports = runtestprotocol(item, nextitem=last, log=False)
    return any(report.failed for report in reports)


def _statement_mutants(name: str) -> Iterator[Mutant]:
    module = importlib.import_module(name)
    file = name.replace(".", "/") + ".py"
    written = Path(module.__file__ or "").read_text()
    for constant, value in list(vars(module).items()):
        if f"\n{constant} = " not in written and f"\n{constant}: " not in written:
            continue
        line = written[: written.index(f"\n{constant}")].count("\n") + 2
        for where, holder, sql, put in _statements(constant, value):
            for each in sql_mutants.of(sql):
                yield Mutant(file, where, line + each.line, each.condition, "TRUE", put(each.sql), frozenset(), holder, each.sql)


def _statements(constant: str, value: Any) -> Iterator[tuple[str, str, str, Callable[[str], Callable[[], None]]]]:
    """Name, statement that is executed, text, and how to put another in its place, for each statement that a constant holds."""
    if isinstance(value, TextClause):
        yield constant, value.text, value.text, lambda sql: lambda: _rewrite(value, sql)
    elif isinstance(value, dict):
        for key, held in value.items():
            if isinstance(held, TextClause):
                yield from _statements(f"{constant}[{key}]", held)
    elif isinstance(value, tuple | list):
        for number, held in enumerate(value):
            if isinstance(getattr(held, "sql", None), str):
                named = getattr(held, "id", None) or getattr(held, "kind", number)
                yield f"{constant}[{named}]", "*", held.sql, lambda sql, held=held: lambda: object.__setattr__(held, "sql", sql)


def _rewrite(clause: TextClause, sql: str) -> None:
    """The same object with another text, for it is imported by its name elsewhere."""
    changed = text(sql)
    clause.__dict__.clear()
    clause.__dict__.update(changed.__dict__)
