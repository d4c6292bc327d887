"""What the mutants are made of: each is a change, and none is nonsense."""

import gc
from types import ModuleType

import pytest
import sqlglot

from handlers.credit import exposure, rules
from tests.mutation import sql_mutants
from tests.mutation.beside import is_comparable
from tests.mutation.python_mutants import Source
from tests.mutation.targets import GROUPS


def without(sql: str) -> list[str]:
    return [mutant.condition for mutant in sql_mutants.of(sql)]


@pytest.mark.parametrize(
    ("sql", "conditions"),
    [
        ("SELECT 1 FROM a WHERE x = 1", ["x = 1"]),
        ("SELECT 1 FROM a WHERE x = 1 OR y = 2", ["x = 1 OR y = 2"]),
        ("SELECT 1 FROM a JOIN b ON a.i = b.i AND b.k = 'AND' WHERE true", ["a.i = b.i", "b.k = 'AND'"]),
        ("SELECT 1 FROM a WHERE d BETWEEN 1 AND 2 AND x = 3", ["d BETWEEN 1 AND 2", "x = 3"]),
        ("SELECT 1 FROM a WHERE x OR (y AND z)", ["y", "z", "x OR (y AND z)"]),
        ("SELECT count(*) FILTER (WHERE x > 1) FROM a", ["x > 1"]),
        ("SELECT CASE WHEN x AND y THEN 1 ELSE 2 END FROM a", ["x", "y"]),
        ("SELECT DISTINCT ON (x) y FROM a", []),
        ("INSERT INTO a VALUES (1) ON CONFLICT (x) DO UPDATE SET y = 1 WHERE a.y < 1", ["a.y < 1"]),
        ("SELECT 1 FROM a WHERE x IS DISTINCT FROM y AND z", ["x IS DISTINCT FROM y", "z"]),
        (
            "SELECT 1 FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.i = a.i)",
            ["b.i = a.i", "NOT EXISTS (SELECT 1 FROM b WHERE b.i = a.i)"],
        ),
    ],
)
def test_every_condition_is_taken_away_once(sql, conditions):
    assert without(sql) == conditions


def test_a_statement_without_a_condition_is_still_a_statement_and_another_one():
    sql = exposure._EXPOSURE.text
    mutants = [mutant.sql for mutant in sql_mutants.of(sql)]
    assert len(mutants) > 30
    assert len(set(mutants)) == len(mutants)
    assert all(sqlglot.parse_one(each, dialect="postgres") for each in mutants)


def test_every_function_of_a_module_is_found_although_the_tests_hold_what_they_imported_frozen():
    gc.freeze()
    found = {name for name, _ in Source(rules).functions}
    assert {"Account.exposure", "Account.available", "covers"} <= found


def test_what_writes_more_than_one_table_is_not_asked_beside_the_original():
    assert is_comparable("SELECT 1 FROM a FOR NO KEY UPDATE SKIP LOCKED")
    assert is_comparable("UPDATE a SET x = 1")
    assert not is_comparable("INSERT INTO a SELECT 1")
    assert not is_comparable("WITH gone AS (DELETE FROM b) UPDATE a SET x = 1")


def small(tmp_path, text: str) -> ModuleType:
    path = tmp_path / "small.py"
    path.write_text(text)
    module = ModuleType("small")
    module.__file__ = str(path)
    exec(compile(text, str(path), "exec"), vars(module))
    return module


def test_a_function_is_exchanged_wherever_it_was_imported_and_a_constant_with_what_is_made_of_it(tmp_path):
    module = small(tmp_path, "LEAST = 5\nMORE = LEAST + 1\n\n\ndef enough(x):\n    return x >= LEAST and x < MORE + 9\n")
    enough = module.enough
    mutants = {mutant.change: mutant for mutant in Source(module).mutants()}
    mutants["return x >= LEAST and x < MORE + 9  →  return (x > LEAST) and x < MORE + 9"].apply()
    assert (enough(5), enough(6)) == (False, True)
    mutants["LEAST = 5  →  LEAST = 6"].apply()
    assert (module.LEAST, module.MORE) == (6, 7)


def test_texts_for_people_and_keys_of_rows_are_left_alone(tmp_path):
    text = 'def f(x):\n    """Say."""\n    if x["key"]:\n        raise ValueError("Do this.")\n    return {"name": f"{x} is {1 + 1}"}\n'
    changes = {mutant.new for mutant in Source(small(tmp_path, text)).mutants()}
    assert changes == {"pass", "return None"}


def test_the_rules_of_credit_have_mutants_in_every_function():
    found = {mutant.where for mutant in Source(rules).mutants()}
    assert {"Account.exposure", "Account.available", "Account.overdue_share_pct", "covers"} <= found


def test_every_rules_module_is_tried():
    from pathlib import Path

    import handlers

    named = {name for group in GROUPS for name in group.python}
    written = {f"handlers.{path.parent.name}.rules" for path in Path(handlers.__path__[0]).glob("*/rules.py")}
    assert written <= named
